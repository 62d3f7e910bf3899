//! `leaklab symbolize`, as a service starts it: a snapshot or a reference graph on stdin, an answer on stdout.

use std::io::Write as _;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use heap_profile::holders::{
    CodeAddress, Confidence, Edge, Holder, Holders, MappedFile, Object, REFERENCE_GRAPH_VERSION,
    ReferenceGraph, Root, RootKind,
};
use heap_profile::{
    COHORT, Function, Label, LabelValue, Line, LiveHeap, Location, Mapping, OPERATION, Profile, Sample,
    SampleType,
};

use crate::harness::{Lab, leaklab};

fn symbolize(input: &[u8], flags: &[&str]) -> Output {
    let mut child = leaklab()
        .arg("symbolize")
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("leaklab starts");
    // It may end before it has read all: it says why.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("leaklab ends")
}

fn heap(input: &[u8], flags: &[&str]) -> LiveHeap {
    let output = symbolize(input, flags);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("the live heap as JSON")
}

fn refusal(input: &[u8], flags: &[&str]) -> String {
    let output = symbolize(input, flags);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A snapshot of a program that is nowhere, with names or without.
fn snapshot(with_names: bool) -> Vec<u8> {
    let line = Line { function: 0, line: 7 };
    let label = |key: &str, value| Label {
        key: key.into(),
        value,
    };
    let profile = Profile {
        sample_types: vec![SampleType {
            kind: "inuse_space".into(),
            unit: "bytes".into(),
        }],
        samples: vec![Sample {
            stack: vec![0],
            values: vec![4096],
            labels: vec![
                label(OPERATION, LabelValue::Text("Hello".into())),
                label(COHORT, LabelValue::Number(3, "".into())),
            ],
        }],
        mappings: vec![Mapping {
            file: "/nowhere/shop".into(),
            build_id: "c0ffee".into(),
            ..Mapping::default()
        }],
        locations: vec![Location {
            address: 1,
            mapping: Some(0),
            lines: if with_names { vec![line] } else { Vec::new() },
        }],
        functions: vec![Function {
            name: "<alloc::vec::Vec<shop::Item>>::push".into(),
            file: "/rustc/59807616/library/alloc/src/vec/mod.rs".into(),
            ..Function::default()
        }],
        ..Profile::default()
    };
    profile.encode().expect("its indices are right")
}

#[test]
fn labels_need_no_binary_and_names_do() {
    let nameless = snapshot(false);
    for (by, key) in [("operation", "Hello"), ("cohort", "3")] {
        let heap = heap(&nameless, &["--by", by]);
        assert_eq!((heap.rows[0].key.as_str(), heap.rows[0].bytes), (key, 4096));
    }
    let told = refusal(&nameless, &["--by", "type"]);
    assert!(
        told.starts_with("error: stdin: ") && told.contains("\nhint: --binary"),
        "{told}"
    );
    assert_eq!(heap(&snapshot(true), &["--by", "type"]).rows[0].key, "Vec<Item>");
}

#[test]
fn what_is_no_snapshot_is_refused() {
    for (input, told) in [
        (&b""[..], "it is empty"),
        (b"type Query { a: Int }", "not a profile"),
        (b"\x1f\x8b", "cut short"),
    ] {
        let refused = refusal(input, &["--by", "operation"]);
        assert!(
            refused.starts_with("error: stdin: ") && refused.contains(told),
            "{refused}"
        );
        refusal(input, &[]);
    }
    let refused = refusal(&snapshot(true), &["--by", "field"]);
    assert!(
        refused.contains("neither a schema") && refused.contains("\nhint: "),
        "{refused}"
    );
}

#[test]
fn a_labs_snapshot_gets_its_names_for_those_without_the_binary() {
    let lab = Lab::start(&[]);
    let taken = std::fs::read(lab.take_snapshot()).expect("a snapshot");
    let output = symbolize(&taken, &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let named = Profile::decode(&output.stdout).expect("a snapshot again");
    let before = Profile::decode(&taken).expect("a snapshot");
    assert_eq!(named.samples, before.samples);
    let is_ours = |function: &Function| function.name.starts_with("leaklab::");
    assert!(named.functions.iter().any(is_ours) && before.functions.is_empty());
    let by_type = heap(&output.stdout, &["--by", "type", "--first", "3"]);
    assert_eq!(by_type, heap(&taken, &["--by", "type", "--first", "3"]));
    assert!(by_type.rows.len() <= 3 && by_type.rows_in_all >= by_type.rows.len());
}

/// What a graph of this very program points from.
static LATEST: AtomicU64 = AtomicU64::new(0);

/// Twenty objects, each of which a word of [`LATEST`] points to.
fn graph() -> ReferenceGraph {
    LATEST.fetch_add(1, Relaxed);
    let program = std::env::current_exe().expect("this program");
    let maps = std::fs::read_to_string("/proc/self/maps").expect("its mappings");
    // The program's first mapping is where it was loaded.
    let is_ours = |line: &&str| line.ends_with(&program.display().to_string());
    let first = maps.lines().find(is_ours).expect("its mapping");
    let base = first.split('-').next().expect("an address");
    let base = u64::from_str_radix(base, 16).expect("an address");
    let address = std::ptr::from_ref(&LATEST).addr() as u64 - base;
    let edge = |held| Edge {
        holder: Holder::Root(0),
        offset: 0,
        held,
        into: 0,
        chain: 0,
        vtable: None,
    };
    let object = Object {
        bytes: 48,
        explored: true,
        ..Object::default()
    };
    ReferenceGraph {
        version: REFERENCE_GRAPH_VERSION,
        survivors: 100,
        targets: (0..20).collect(),
        objects: vec![object; 20],
        roots: vec![Root::Static {
            at: CodeAddress { file: 0, address },
        }],
        edges: (0..20).map(edge).collect(),
        files: vec![MappedFile {
            path: program.display().to_string(),
            build_id: heap_profile::build_id_of(&program)
                .expect("a program")
                .expect("an id"),
        }],
        ..ReferenceGraph::default()
    }
}

#[test]
fn what_a_reference_scan_found_gets_its_names() {
    let output = symbolize(graph().to_json().as_bytes(), &["--holders"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let holders: Holders = serde_json::from_slice(&output.stdout).expect("holders as JSON");
    assert_eq!((holders.drawn, holders.survivors), (20, 100));
    let path = &holders.paths[0];
    assert_eq!((path.objects, path.root.kind), (20, RootKind::Static));
    assert_eq!(path.root.name.as_deref(), Some("it::symbolize::LATEST"));
    assert_eq!(path.confidence, Confidence::Good);
    // The program may have moved.
    let mut moved = graph();
    moved.files[0].path = "/nowhere/it".to_owned();
    let told = refusal(moved.to_json().as_bytes(), &["--holders"]);
    assert!(
        told.starts_with("error: stdin: ") && told.contains("\nhint: --binary"),
        "{told}"
    );
    let program = std::env::current_exe().expect("this program");
    let flags = ["--holders", "--binary", program.to_str().expect("UTF-8")];
    let output = symbolize(moved.to_json().as_bytes(), &flags);
    assert_eq!(
        serde_json::from_slice::<Holders>(&output.stdout).ok(),
        Some(holders)
    );
}

#[test]
fn what_is_no_reference_graph_is_refused() {
    let mut later = graph();
    later.version = 9;
    let mut astray = graph();
    astray.edges[0].held = 20;
    for (input, told) in [
        (&b""[..], "the reference graph cannot be read: EOF"),
        (b"{}", "the reference graph cannot be read: missing field"),
        (b"\xff", "it is not UTF-8"),
        (&snapshot(true), "it is not UTF-8"),
        (later.to_json().as_bytes(), "version 9 instead of 1"),
        (astray.to_json().as_bytes(), "an index leads nowhere"),
    ] {
        let refused = refusal(input, &["--holders"]);
        assert!(
            refused.starts_with("error: stdin") && refused.contains(told),
            "{refused}"
        );
    }
    assert!(refusal(b"", &["--holders", "--by", "type"]).contains("cannot be used with"));
}
