//! Who holds what a stack has allocated: what is refused, and what the helper is asked.

use crate::server::{Server, start};
use crate::symbolizer::start as start_helped;
use crate::{child, recorded::error};
use heap_admin::Error;
use heap_profile::holders::{Holders, Object, REFERENCE_GRAPH_VERSION, ReferenceGraph};
use serde_json::Value;
use std::fs;

fn ask(server: &Server, arguments: &str) -> Value {
    server.ask(&format!(
        "mutation {{ findHolders({arguments}) {{ drawn survivors graph }} }}"
    ))
}

fn graph() -> ReferenceGraph {
    ReferenceGraph {
        version: REFERENCE_GRAPH_VERSION,
        survivors: 5,
        targets: vec![0],
        objects: vec![Object::default()],
        ..ReferenceGraph::default()
    }
}

/// An answer as the helper gives it.
fn answer(version: u32) -> String {
    format!(
        r#"{{"version":{version},"drawn":1,"survivors":5,"paths":[],"notes":["so"],"scan":{{"pauseSeconds":0.0,
        "seconds":0.0,"residentBytes":0,"readBytes":0,"passes":0,"bufferBytes":0,"copiedBytes":null,"stopped":null}}}}"#
    )
}

fn name(server: &Server) -> Result<Holders, Error> {
    server.runtime.block_on(server.admin.name_holders(&graph()))
}

#[test]
fn what_makes_no_sense_is_refused_with_what_was_given() {
    let server = start();
    let many = |count: usize| format!("stacks: {:?}", vec!["1"; count]);
    let long = "9".repeat(100_000);
    for (arguments, message) in [
        (many(0), "findHolders takes 1 to 1000 stacks, not 0"),
        (many(1001), "findHolders takes 1 to 1000 stacks, not 1001"),
        (
            r#"stacks: ["1", "-1"]"#.into(),
            r#"a stack is a whole number, the key of a row of liveHeap(by: STACK), not "-1""#,
        ),
        (
            r#"stacks: ["4294967296"]"#.into(),
            r#"a stack is a whole number, the key of a row of liveHeap(by: STACK), not "4294967296""#,
        ),
        (
            r#"stacks: [""]"#.into(),
            r#"a stack is a whole number, the key of a row of liveHeap(by: STACK), not """#,
        ),
        (
            r#"stacks: ["1"], first: 0"#.into(),
            "first is between 1 and 512, not 0",
        ),
        (
            r#"stacks: ["1"], first: 513"#.into(),
            "first is between 1 and 512, not 513",
        ),
        (
            r#"stacks: ["1"], bornBefore: -1"#.into(),
            "bornBefore is the number of a cohort, 0 or more, not -1",
        ),
    ] {
        let (told, code, _) = error(&ask(&server, &arguments));
        assert_eq!((told.as_str(), code.as_str()), (message, "BAD_USER_INPUT"));
    }
    let (told, code, _) = error(&ask(&server, &format!("stacks: [\"{long}\"]")));
    assert!(told.len() < 200 && code == "BAD_USER_INPUT", "{told}");
}

#[test]
fn without_a_recorder_nobody_is_asked_and_no_scan_is_under_way() {
    let server = start();
    let (message, code, hint) = error(&ask(&server, r#"stacks: ["1"]"#));
    assert_eq!(code, "PROFILER", "{message}");
    assert!(hint.contains("heap_recorder::Recorder"), "{hint}");
    let answer = server.ask("{ holderScan { pass readBytes residentBytes } }");
    assert_eq!(answer, serde_json::json!({ "data": { "holderScan": null } }));
}

#[test]
fn a_scan_that_finds_nothing_or_fails_has_a_code_and_a_hint_of_its_own() {
    let reason = || "so".to_owned();
    let none = Error::from(heap_recorder::Error::NoSurvivors { reason: reason() });
    let failed = Error::from(heap_recorder::Error::Scan { reason: reason() });
    for (error, code, hint) in [
        (none, "NO_SURVIVORS", "liveHeap(by: STACK)"),
        (failed, "REFERENCE_SCAN", "the service is as it was"),
    ] {
        assert_eq!(error.code(), code);
        assert!(error.hint().is_some_and(|told| told.contains(hint)), "{error}");
    }
}

#[test]
fn the_helper_gets_the_graph_and_its_answer_is_read() {
    let test = "holders::the_helper_gets_the_graph_and_its_answer_is_read";
    child::alone(test, || {
        let script = format!(
            "echo \"$*\" > FOLDER/said\ncat > FOLDER/given\ncat << 'END'\n{}\nEND",
            answer(1)
        );
        let (server, folder) = start_helped(&script);
        let named = name(&server).expect("an answer");
        assert_eq!((named.survivors, named.notes), (5, vec!["so".to_owned()]));
        let read = |file: &str| fs::read_to_string(folder.path().join(file)).expect("it was started");
        assert_eq!(read("said"), "symbolize --holders\n");
        assert_eq!(
            ReferenceGraph::from_json(&read("given")).expect("a graph"),
            graph()
        );
    });
}

#[test]
fn a_helper_that_cannot_name_holders_is_quoted() {
    let test = "holders::a_helper_that_cannot_name_holders_is_quoted";
    child::alone(test, || {
        let other = format!("cat > /dev/null\ncat << 'END'\n{}\nEND", answer(9));
        for (script, message) in [
            (other.as_str(), "its answer is of version 9 instead of 1"),
            // As a helper from before there was such a flag.
            (
                "echo \"error: unexpected argument '--holders' found\" >&2; exit 2",
                "unexpected argument '--holders' found",
            ),
        ] {
            let (server, _folder) = start_helped(script);
            let error = name(&server).expect_err("it cannot");
            assert_eq!(error.code(), "SYMBOLIZER");
            assert_eq!(error.to_string(), format!("names cannot be looked up: {message}"));
        }
    });
}
