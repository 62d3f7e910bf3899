//! Who holds what a stack has allocated: what is refused, and what the helper is asked.

use crate::child;
use crate::held::text;
use crate::live_heap::without_path;
use crate::recorded::{error, keep_under, start_recorded};
use crate::server::{Server, start};
use crate::shop::COVER;
use crate::symbolizer::start as start_helped;
use heap_admin::{Error, Recorder};
use heap_profile::holders::{Holders, Object, REFERENCE_GRAPH_VERSION, ReferenceGraph};
use heap_profile::{LabelValue, OPERATION, STACK};
use serde_json::Value;
use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

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

#[test]
fn the_recorder_is_asked_after_a_purge_and_has_nothing_to_say_of_what_is_not_there() {
    static PURGES: AtomicUsize = AtomicUsize::new(0);
    let test = "holders::the_recorder_is_asked_after_a_purge_and_has_nothing_to_say_of_what_is_not_there";
    child::run(test, without_path, || {
        let count = || {
            PURGES.fetch_add(1, Relaxed);
        };
        let server = start_recorded(|builder| builder.quiesce(count));
        keep_under("Kept", 8);
        let stacks = format!("stacks: {:?}", stacks_of("Kept"));
        // Names were asked for, and there is no helper: nothing is scanned.
        let named = format!("mutation {{ findHolders({stacks}) {{ notes }} }}");
        assert_eq!(error(&server.ask(&named)).1, "NO_SYMBOLIZER");
        assert_eq!(PURGES.load(Relaxed), 0);

        let answer = ask(&server, &format!(r#"{stacks}, operation: "Kept", first: 5"#));
        let told = &answer["data"]["findHolders"];
        assert_eq!(
            (&told["drawn"], &told["survivors"]),
            (&5.into(), &8.into()),
            "{answer}"
        );
        let graph = ReferenceGraph::from_json(told["graph"].as_str().expect("a graph"));
        let graph = graph.expect("a graph");
        assert!(
            graph
                .targets
                .iter()
                .all(|at| graph.objects[*at as usize].bytes >= COVER as u64)
        );
        assert_eq!(PURGES.load(Relaxed), 1);
        assert!(server.admin.scan_progress().is_none());

        for nobody in [r#"operation: "Nobody""#, "bornBefore: 0"] {
            let (message, code, hint) = error(&ask(&server, &format!("{stacks}, {nobody}")));
            assert_eq!(code, "NO_SURVIVORS", "{message}");
            assert!(hint.contains("liveHeap(by: STACK)"), "{hint}");
        }
    });
}

/// The stacks that have allocated under an operation, as a client gives them.
fn stacks_of(operation: &str) -> Vec<String> {
    let profile = Recorder::running().expect("it was started").profile(None);
    let profile = profile.expect("a profile");
    let rows = profile.samples.iter();
    let rows = rows.filter(|row| text(&row.labels, OPERATION) == operation);
    let labels = rows
        .flat_map(|row| &row.labels)
        .filter(|label| *label.key == *STACK);
    let mut stacks: Vec<String> = labels
        .filter_map(|label| match label.value {
            LabelValue::Number(stack, _) => Some(stack.to_string()),
            LabelValue::Text(_) => None,
        })
        .collect();
    stacks.sort();
    stacks.dedup();
    stacks
}
