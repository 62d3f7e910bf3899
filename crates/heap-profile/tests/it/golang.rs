//! `go tool pprof` as an oracle: it reads what we write, and sees the same names and figures.

use std::process::Command;

use heap_profile::{Function, Line, Location, Mapping, Profile, Sample};

use crate::support::kind;

/// With fields that are not part of the format, which it passes over.
fn profile() -> Profile {
    let function = |name: &str| Function {
        name: name.into(),
        file: "src/shop.rs".into(),
        ..Function::default()
    };
    let location = |address, function| Location {
        address,
        mapping: Some(0),
        lines: vec![Line { function, line: 42 }],
    };
    let sample = |stack: &[usize], objects, bytes| Sample {
        stack: stack.to_vec(),
        values: vec![objects, bytes],
        labels: vec![],
    };
    Profile {
        sample_types: vec![kind("inuse_objects", "count"), kind("inuse_space", "bytes")],
        samples: vec![sample(&[0, 2], 3, 3 << 20), sample(&[1, 2], 1, 1 << 20)],
        mappings: vec![Mapping {
            limit: u64::MAX,
            file: "/shop".into(),
            build_id: "c0ffee".into(),
            ..Mapping::default()
        }],
        locations: vec![location(0x10, 0), location(0x20, 1), location(0x30, 2)],
        functions: vec![
            function("shop::keep"),
            function("shop::list"),
            function("shop::main"),
        ],
        default_sample_type: "inuse_space".into(),
        account: "{\"version\":1}".into(),
        sdl: "type Query { shelves: Int }".into(),
        ..Profile::default()
    }
}

#[test]
fn go_tool_pprof_reads_what_we_write() {
    if Command::new("go").arg("version").output().is_err() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "CI needs Debian's golang-go"
        );
        println!("skipped: there is no `go` on this machine (Debian: golang-go)");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("a.pb.gz");
    std::fs::write(&file, profile().encode().expect("its indices are right")).expect("room for a file");
    let output = Command::new("go")
        .args(["tool", "pprof", "-symbolize=none", "-unit=MB", "-top"])
        .arg(&file)
        .env("PPROF_TMPDIR", folder.path())
        .env("GOCACHE", folder.path().join("cache"))
        .output()
        .expect("it ran a moment ago");
    let text = String::from_utf8_lossy(&output.stdout);
    let words: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("Type: inuse_space") && text.contains("Build ID: c0ffee"),
        "{text}"
    );
    assert!(
        words.contains(&vec!["3MB", "75.00%", "75.00%", "3MB", "75.00%", "shop::keep"]),
        "{text}"
    );
    assert!(
        words.contains(&vec!["0", "0%", "100%", "4MB", "100%", "shop::main"]),
        "{text}"
    );
    assert!(!text.contains("version") && !text.contains("Query"), "{text}");
}
