//! Comparing stored snapshots: what is refused, and what the helper is asked.

use crate::child;
use crate::live_heap::without_path;
use crate::recorded::{error, start_recorded};
use crate::server::Server;
use crate::symbolizer::start;
use serde_json::Value;
use std::fs;

/// An answer as the helper gives it.
fn answer() -> String {
    let amount = r#"{"bytes":-64,"objects":null}"#;
    let change = format!(r#""new":{amount},"freed":{amount},"live":{amount},"delta":{amount}"#);
    let view = |key: &str| {
        format!(r#"{{"rows":[{{"key":{key},"place":null,{change}}}],"rowsInAll":7,"note":"why"}}"#)
    };
    format!(
        r#"{{"version":1,"snapshots":[{{"name":"a","time":1000,"bytes":9,"objects":null,"instrumentBytes":3}}],
        "growth":{amount},"exact":false,"notes":["so"],"sites":[],"sitesInAll":0,"fields":{},"operations":{},
        "types":{},"cohorts":{},"ancestors":{}}}"#,
        view("null"),
        view("\"Hello\""),
        view("\"String\""),
        view("\"1\""),
        view("\"shop::keep\"")
    )
}

fn ask(server: &Server, ids: &[&str], first: i32) -> Value {
    let ids = serde_json::to_string(ids).expect("text");
    let view = "{ rowCount note rows { key new { bytes objects } delta { bytes } } }";
    server.ask(&format!(
        "{{ compareSnapshots(ids: {ids}, first: {first}) {{ exact notes growth {{ bytes }}
            snapshots {{ id takenAt bytes instrument }} sites {{ rowCount }} fields {view} operations {view} }} }}"
    ))
}

fn take(server: &Server) -> String {
    server.take("")["id"].as_str().expect("an id").to_owned()
}

#[test]
fn what_cannot_be_compared_is_refused_by_a_code() {
    let test = "comparison::what_cannot_be_compared_is_refused_by_a_code";
    child::run(test, without_path, || {
        let server = start_recorded(|builder| builder);
        let id = take(&server);
        let many = [id.as_str(); 11];
        for (ids, first, code, message) in [
            (
                &many[..0],
                20,
                "BAD_USER_INPUT",
                "a comparison takes 2 to 10 snapshots, not 0",
            ),
            (
                &many[..1],
                20,
                "BAD_USER_INPUT",
                "a comparison takes 2 to 10 snapshots, not 1",
            ),
            (
                &many[..],
                20,
                "BAD_USER_INPUT",
                "a comparison takes 2 to 10 snapshots, not 11",
            ),
            (
                &many[..2],
                0,
                "BAD_USER_INPUT",
                "first is between 1 and 1000, not 0",
            ),
            (
                &[&id, "../../etc/passwd"][..],
                20,
                "NO_SUCH_SNAPSHOT",
                "there is no snapshot \"../../etc/passwd\"",
            ),
            (
                &[&id, ""][..],
                20,
                "NO_SUCH_SNAPSHOT",
                "there is no snapshot \"\"",
            ),
            (
                &many[..2],
                20,
                "NO_SYMBOLIZER",
                "there is no `leaklab` beside this program or in PATH to look names up: that is never done in this process",
            ),
        ] {
            let (told, with, _) = error(&ask(&server, ids, first));
            assert_eq!((told.as_str(), with.as_str()), (message, code));
        }
        let long = "x".repeat(100_000);
        let (told, code, hint) = error(&ask(&server, &[&long, &id], 20));
        assert!(
            told.len() < 200 && code == "NO_SUCH_SNAPSHOT" && hint.contains("snapshots"),
            "{told}"
        );
    });
}

#[test]
fn the_helper_gets_the_files_and_its_answer_is_shown() {
    let test = "comparison::the_helper_gets_the_files_and_its_answer_is_shown";
    child::alone(test, || {
        let script = format!(
            "for each; do echo \"$each\"; done > FOLDER/said\ncat << 'END'\n{}\nEND",
            answer()
        );
        let (server, folder) = start(&script);
        let ids = [take(&server), take(&server)];
        let told = ask(&server, &[&ids[0], &ids[1]], 7)["data"]["compareSnapshots"].take();
        let row = |key: Value| {
            let row = serde_json::json!({ "key": key, "new": { "bytes": 0, "objects": null }, "delta": { "bytes": -64 } });
            serde_json::json!({ "rowCount": 7, "note": "why", "rows": [row] })
        };
        let expected = serde_json::json!({
            "exact": false, "notes": ["so"], "growth": { "bytes": -64 }, "sites": { "rowCount": 0 },
            "snapshots": [{ "id": "a", "takenAt": "1970-01-01T00:00:01.000Z", "bytes": 9, "instrument": 3 }],
            "fields": row(Value::Null), "operations": row("Hello".into()),
        });
        assert_eq!(told, expected);
        let said = fs::read_to_string(folder.path().join("said")).expect("it was started");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[..6], ["compare", "--format", "json", "--first", "7", "--"]);
        for (file, id) in lines[6..].iter().zip(&ids) {
            assert!(
                file.ends_with(&format!("/{id}.pb.gz")) && fs::exists(file).is_ok_and(|there| there),
                "{file}"
            );
        }
        assert_eq!(lines.len(), 8);
    });
}

#[test]
fn a_helper_that_cannot_compare_is_quoted_and_two_builds_have_a_code_of_their_own() {
    let test = "comparison::a_helper_that_cannot_compare_is_quoted_and_two_builds_have_a_code_of_their_own";
    child::alone(test, || {
        let complaint = "a and b were taken from different binaries: build id 1 and build id 2";
        for (script, message, code) in [
            (
                format!("echo 'error: cannot compare: {complaint}' >&2\necho 'hint: do not' >&2\nexit 2"),
                format!("cannot compare: {complaint}"),
                "DIFFERENT_BUILDS",
            ),
            (
                "echo 'error: no names' >&2; exit 2".to_owned(),
                "names cannot be looked up: no names".to_owned(),
                "SYMBOLIZER",
            ),
            (
                format!(
                    "cat << 'END'\n{}\nEND",
                    answer().replace("\"version\":1", "\"version\":9")
                ),
                "names cannot be looked up: its answer is of version 9 instead of 1".to_owned(),
                "SYMBOLIZER",
            ),
        ] {
            let (server, _folder) = start(&script);
            let id = take(&server);
            let (told, with, _) = error(&ask(&server, &[&id, &id], 20));
            assert_eq!((told, with.as_str()), (message, code));
        }
    });
}
