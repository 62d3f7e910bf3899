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
