//! The live heap by what is known without names: operations and cohorts.

use crate::child;
use crate::recorded::{error, keep_under, start_recorded};
use crate::server::Server;
use crate::shop::COVER;
use serde_json::{Value, json};
use std::process::Command;

/// A program that finds no other program.
pub(crate) fn without_path(binary: &str) -> Command {
    let mut command = Command::new(binary);
    command.env("PATH", "");
    command
}

fn live_heap(server: &Server, key: &str, first: i32) -> Value {
    let fields = "bytes unattributed instrument rowCount rows { key objects bytes standardError frames }";
    let answer = server.ask(&format!(
        "{{ liveHeap(by: {key}, first: {first}) {{ {fields} }} }}"
    ));
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"]["liveHeap"].clone()
}

fn figure(of: &Value, name: &str) -> u64 {
    of[name].as_u64().unwrap_or_else(|| panic!("{name} of {of}"))
}

/// Asserts that a row has so many covers, as nearly as it says itself.
#[track_caller]
fn assert_row(row: &Value, key: &str, covers: u64) {
    assert_eq!((&row["key"], &row["objects"]), (&json!(key), &json!(covers)));
    let off = figure(row, "bytes").abs_diff(covers * COVER as u64);
    assert!(off <= 5 * figure(row, "standardError") + 1, "{row}");
    assert_eq!(row["frames"], json!([]));
}

#[test]
fn operations_are_told_without_any_helper_the_largest_first() {
    let test = "live_heap::operations_are_told_without_any_helper_the_largest_first";
    child::run(test, without_path, || {
        let server = start_recorded(|builder| builder.symbolizer("/there/is/none"));
        keep_under("Novels", 24);
        keep_under("Poems", 8);
        server.take("");
        keep_under("Novels", 4);
        let heap = live_heap(&server, "OPERATION", 20);
        assert_eq!(heap["rowCount"], 2, "{heap}");
        assert_row(&heap["rows"][0], "Novels", 28);
        assert_row(&heap["rows"][1], "Poems", 8);
        let rows = heap["rows"].as_array().expect("rows").iter();
        let in_rows: u64 = rows.map(|row| figure(row, "bytes")).sum();
        let apart = figure(&heap, "unattributed") + figure(&heap, "instrument");
        assert_eq!(figure(&heap, "bytes"), in_rows + apart);

        let heap = live_heap(&server, "OPERATION", 1);
        assert_eq!(
            (heap["rows"].as_array().map(Vec::len), &heap["rowCount"]),
            (Some(1), &2.into())
        );
        assert_row(&heap["rows"][0], "Novels", 28);
    });
}

#[test]
fn cohorts_are_told_without_any_helper() {
    let test = "live_heap::cohorts_are_told_without_any_helper";
    child::run(test, without_path, || {
        let server = start_recorded(|builder| builder.symbolizer("/there/is/none"));
        keep_under("Novels", 32);
        server.take("");
        // What is born after it: a fresh profile opens no cohort.
        server.get("/debug/pprof/heap");
        keep_under("Novels", 8);
        let heap = live_heap(&server, "COHORT", 20);
        assert_eq!(heap["rowCount"], 2, "{heap}");
        // What the process has for itself is there as well: some hundred KiB, and less than two covers.
        for (row, key, covers) in [(0, "0", 32), (1, "1", 8)] {
            let row = &heap["rows"][row];
            assert_eq!(row["key"], key);
            let covered = (covers * COVER as u64 - 1000)..((covers + 2) * COVER as u64);
            assert!(covered.contains(&figure(row, "bytes")), "{row}");
        }
    });
}

#[test]
fn the_number_of_rows_is_bounded() {
    let test = "live_heap::the_number_of_rows_is_bounded";
    child::alone(test, || {
        let server = start_recorded(|builder| builder);
        let first = |first: i32| {
            server.ask(&format!(
                "{{ liveHeap(by: COHORT, first: {first}) {{ rowCount }} }}"
            ))
        };
        for rows in [i32::MIN, -1, 0, 1001, i32::MAX] {
            let (message, code, _) = error(&first(rows));
            assert_eq!(message, format!("first is between 1 and 1000, not {rows}"));
            assert_eq!(code, "BAD_USER_INPUT");
        }
        for rows in [1, 1000] {
            assert!(first(rows)["data"]["liveHeap"]["rowCount"].is_number());
        }
    });
}
