//! `leaklab compare` as it is typed: what it takes for a snapshot, and what it says of bad ones.

use std::fs;
use std::process::{Command, Output};

use crate::harness::{Lab, binary, leaklab};

fn compare(lab: &Lab, args: &[&str]) -> Output {
    let mut command = leaklab();
    command.arg("compare").args(args);
    command
        .env("LEAKLAB_SNAPSHOTS", lab.snapshots())
        .output()
        .expect("leaklab compare runs")
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A lab with a snapshot before some calls, and one after.
fn lab_with_two() -> Lab {
    let lab = Lab::start(&[]);
    lab.admin("mutation { takeSnapshot(name: \"before\") { id } }");
    lab.call_problem("hello", 1_000);
    lab.admin("mutation { takeSnapshot(name: \"after\") { id } }");
    lab
}

#[test]
fn a_snapshot_is_named_by_its_name_its_file_or_the_beginning_of_its_id() {
    let lab = lab_with_two();
    let ids = lab.admin("{ snapshots { id } }")["snapshots"].clone();
    let id = |n: usize| ids[n]["id"].as_str().expect("an id").to_owned();
    let file = format!("{}.pb.gz", id(1));
    let expected = compare(&lab, &[&id(0), &id(1)]);
    assert!(
        expected.status.success(),
        "{}",
        String::from_utf8_lossy(&expected.stderr)
    );
    assert!(String::from_utf8_lossy(&expected.stdout).contains("p00_hello"));
    for typed in [
        ["before", "after"],
        ["before", &file],
        [&id(0)[..id(0).len() - 1], "after"],
    ] {
        assert_eq!(compare(&lab, &typed).stdout, expected.stdout, "{typed:?}");
    }
}

#[test]
fn what_is_no_snapshot_or_could_be_several_is_refused_with_those_that_are_there() {
    let lab = lab_with_two();
    let told = refusal(&compare(&lab, &["before", "later"]));
    assert!(
        told.contains("`later` is neither a file nor a snapshot") && told.contains("-after-0002"),
        "{told}"
    );
    let told = refusal(&compare(&lab, &["before", "20"]));
    assert!(
        told.contains("`20` could be any of several") && told.contains("-before-0001"),
        "{told}"
    );
    let told = refusal(&compare(&lab, &["before", "../../etc/passwd-that-is-not-there"]));
    assert!(told.contains("is neither a file nor a snapshot"), "{told}");
}

#[test]
fn the_wrong_order_is_told() {
    let lab = lab_with_two();
    let told = |args: &[&str]| String::from_utf8_lossy(&compare(&lab, args).stderr).into_owned();
    assert!(told(&["after", "before"]).starts_with("warning: the snapshots are not in the order"));
    assert_eq!(told(&["before", "after"]), "");
}

#[test]
fn a_snapshot_that_was_cut_short_is_refused() {
    let lab = lab_with_two();
    let whole = fs::read(lab.take_snapshot()).expect("a snapshot");
    let cut = lab.snapshots().join("cut.pb.gz");
    fs::write(&cut, &whole[..whole.len() / 2]).expect("half of it");
    let told = refusal(&compare(&lab, &["before", cut.to_str().expect("a plain path")]));
    assert!(told.contains("cut.pb.gz") && told.contains("cut short"), "{told}");
}

#[test]
fn a_binary_of_another_build_is_refused() {
    let lab = lab_with_two();
    let told = refusal(&compare(&lab, &["before", "after", "--binary", "/bin/sh"]));
    assert!(told.contains("hint: "), "{told}");
}

#[test]
fn a_binary_without_names_is_told() {
    let lab = lab_with_two();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stripped = folder.path().join("stripped");
    let status = Command::new("strip")
        .arg("-o")
        .args([&stripped, &binary()])
        .status();
    assert!(
        status
            .expect("strip, which comes with the linker, runs")
            .success()
    );
    let output = compare(
        &lab,
        &[
            "before",
            "after",
            "--binary",
            stripped.to_str().expect("a plain path"),
        ],
    );
    assert!(output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("warning: the binary has no names"), "{told}");
}

#[test]
fn a_comparison_is_told_by_each_key_and_drawn() {
    let lab = lab_with_two();
    for (key, expected) in [
        ("site", "HelloQuery::hello"),
        ("field", "Query.hello"),
        ("operation", "Hello"),
        ("type", "String"),
        ("cohort", " 1 "),
        ("ancestor", "HelloQuery::hello"),
    ] {
        for format in ["table", "markdown"] {
            let output = compare(
                &lab,
                &["before", "after", "--by", key, "--format", format, "--first", "3"],
            );
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            let row = told
                .lines()
                .find(|line| line.starts_with(" 1 ") || line.starts_with("| 1 "));
            let row = row.unwrap_or_else(|| panic!("{key}: {told}")).to_owned() + " ";
            assert!(row.contains(expected), "{key}: {told}");
        }
    }
    let mut flame = leaklab();
    flame
        .args(["flame", "before", "after"])
        .env("LEAKLAB_SNAPSHOTS", lab.snapshots());
    let svg = String::from_utf8(flame.output().expect("leaklab flame runs").stdout).expect("UTF-8");
    assert!(
        svg.starts_with("<?xml") && svg.contains("HelloQuery::hello") && svg.contains(" grew, "),
        "{svg}"
    );
}

#[test]
fn the_admin_door_compares_as_the_command_line_does() {
    let lab = lab_with_two();
    let data = lab.admin("{ snapshots { id } }");
    let ids: Vec<String> = (0..2).map(|at| data["snapshots"][at]["id"].to_string()).collect();
    let output = compare(&lab, &["before", "after", "--format", "json", "--first", "3"]);
    let report: heap_profile::ComparisonReport =
        serde_json::from_slice(&output.stdout).expect("it is what the schema says");
    let figures = "new { bytes objects } freed { bytes } live { bytes } delta { bytes objects }";
    let view = format!("{{ rowCount note rows {{ key place {figures} }} }}");
    let query = format!(
        "{{ compareSnapshots(ids: [{}], first: 3) {{ exact notes growth {{ bytes objects }}
            snapshots {{ id takenAt bytes objects instrument }}
            sites {{ rowCount rows {{ function place through frames bytes {figures} }} }}
            fields {view} operations {view} types {view} cohorts {view} ancestors {view} }} }}",
        ids.join(", ")
    );
    let told = lab.admin(&query)["compareSnapshots"].clone();
    assert_eq!(told["exact"], true, "{told}");
    assert_eq!(told["growth"]["bytes"], report.growth.bytes);
    assert_eq!(
        told["snapshots"][1]["instrument"],
        report.snapshots[1].instrument_bytes
    );
    assert_eq!(
        told["sites"]["rows"][0]["function"],
        report.sites[0].function.as_str()
    );
    assert_eq!(
        told["sites"]["rows"][0]["delta"]["bytes"],
        report.sites[0].change.delta.bytes
    );
    for (name, view) in [
        ("fields", &report.fields),
        ("operations", &report.operations),
        ("types", &report.types),
        ("cohorts", &report.cohorts),
        ("ancestors", &report.ancestors),
    ] {
        assert_eq!(told[name]["rowCount"], view.rows_in_all, "{name}");
        for (at, row) in view.rows.iter().enumerate() {
            let there = &told[name]["rows"][at];
            assert_eq!(there["key"].as_str(), row.key.as_deref(), "{name}");
            assert_eq!(
                there["new"]["objects"],
                row.change.new.objects.expect("counted"),
                "{name}"
            );
            assert_eq!(there["delta"]["bytes"], row.change.delta.bytes, "{name}");
        }
    }
}

/// Names looked up in the server itself would leave tens of megabytes.
#[test]
fn comparing_leaves_nothing_behind_in_the_server() {
    const CALLS: usize = 20;
    const BOUND: u64 = 128 << 10;
    let lab = lab_with_two();
    let data = lab.admin("{ snapshots { id } }");
    let ids: Vec<String> = (0..2).map(|at| data["snapshots"][at]["id"].to_string()).collect();
    let view = "rows { key new { bytes } delta { bytes } }";
    let query = format!(
        "{{ compareSnapshots(ids: [{}], first: 1000) {{ sites {{ rows {{ function frames }} }} types {{ {view} }}
            ancestors {{ {view} }} }} }}",
        ids.join(", ")
    );
    let ask = || lab.admin(&query).to_string().len();
    // The first ones set up what later ones use again.
    (0..3).for_each(|_| assert!(ask() > 0));
    let before = lab.live();
    (0..CALLS).for_each(|_| assert!(ask() > 0));
    let after = lab.live();
    println!("{before} bytes live, {after} after {CALLS} comparisons");
    assert!(
        after.abs_diff(before) < BOUND,
        "{before} bytes live, {after} afterwards"
    );
}
