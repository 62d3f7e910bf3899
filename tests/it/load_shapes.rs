//! The shapes of `leaklab load`: clients that do more than send requests, against a real lab.

use std::path::PathBuf;
use std::process::Output;

use heap_profile::{Profile, SnapshotInfo};
use leaklab::load::{Report, Shape};

use crate::harness::{Lab, leaklab};

fn load(lab: &Lab, flags: &[&str]) -> Output {
    let output = leaklab()
        .args(["load", "--target", lab.public_url(), "--json"])
        .args(flags)
        .output();
    output.expect("the driver runs")
}

fn report(output: &Output) -> Report {
    let report: Report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let ends = report.requests.total + report.timeouts + report.failed + report.unanswered;
    assert_eq!(
        report.requests.sent, ends,
        "every request has one end: {report:?}"
    );
    report
}

/// What the server counted up to now since the snapshot before.
fn counted(lab: &Lab) -> SnapshotInfo {
    let file: PathBuf = lab.take_snapshot();
    let profile = Profile::decode(&std::fs::read(file).expect("a file")).expect("a profile");
    profile.info().expect("this version").expect("a recorder's")
}

#[test]
fn each_request_comes_by_a_connection_of_its_own() {
    let lab = Lab::start(&[]);
    let flags = [
        "hello",
        "--shape",
        "connections",
        "-c",
        "5",
        "-p",
        "10",
        "-a",
        "200",
    ];
    let report = report(&load(&lab, &flags));
    assert_eq!((report.shape, report.pipelining), (Shape::Connections, 1));
    assert_eq!(
        (report.requests.total, report.statuses.success, report.errors),
        (200, 200, 0)
    );
    let cohort = &counted(&lab).cohorts[0];
    // Others of the five may have connected when the last request was taken.
    assert!(
        (200..=204).contains(&cohort.connections),
        "{} connections",
        cohort.connections
    );
}
