//! The shapes of `leaklab load`: clients that do more than send requests, against a real lab.

use std::path::{Path, PathBuf};
use std::process::Output;

use heap_profile::{Profile, SnapshotInfo};
use leaklab::load::{Report, Shape};

use crate::harness::{Lab, leaklab, root};

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
    let ends = report.requests.total + report.cut + report.timeouts + report.failed + report.unanswered;
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

/// The flags for the shop's search, its variables drawn anew for each request.
fn search(folder: &Path) -> [String; 4] {
    let variables = folder.join("search.json");
    std::fs::write(&variables, r#"{"query": {"$word": 3}, "first": 5}"#).expect("a file");
    let operation = root().join("schema/operations/02search.graphql");
    let text = |path: &Path| path.display().to_string();
    [
        "--operation".to_owned(),
        text(&operation),
        "--variables".to_owned(),
        text(&variables),
    ]
}

#[test]
fn a_server_knows_of_the_requests_that_its_clients_hung_up_on() {
    let lab = Lab::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let operation = search(folder.path());
    let mut flags = vec!["--shape", "hang-ups", "-c", "8", "-a", "2000"];
    flags.extend(operation.iter().map(String::as_str));
    let report = report(&load(&lab, &flags));
    assert_eq!((report.requests.sent, report.errors), (2000, 0), "{report:?}");
    let searched = counted(&lab).cohorts[0].operations["SearchBooks"];
    println!(
        "cut {}, answered {}; the server: {searched:?}",
        report.cut, report.requests.total
    );
    // One of eight is waited for, and some answers come before the client hangs up.
    assert!(
        report.requests.total >= 2000 / 8 && report.cut >= 200,
        "{report:?}"
    );
    // On some, the client hung up before the server had begun or after it had answered.
    assert!(
        searched.cancelled >= 100 && searched.cancelled <= report.cut,
        "{searched:?}"
    );
    assert!(searched.completed >= report.requests.total, "{searched:?}");
}

#[test]
fn the_codes_of_refusals_are_known_though_most_clients_hang_up() {
    let lab = Lab::start(&["--memory-limit", "8MiB"]);
    lab.call_problem("hello", 2_000);
    lab.wait_for_log("past the limit");
    let report = report(&load(
        &lab,
        &["hello", "--shape", "hang-ups", "-c", "4", "-a", "200"],
    ));
    let limit = report.graphql_errors.codes.get("MEMORY_LIMIT");
    assert_eq!(limit, Some(&report.requests.total), "{report:?}");
    assert!(report.requests.total >= 200 / 8, "{report:?}");
}

#[test]
fn clients_with_a_given_patience_hang_up_on_a_server_that_never_answers() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    // Nobody accepts: the kernel does, and what is written waits.
    let output = leaklab()
        .args(["load", &url, "--shape", "hang-ups", "--patience", "0.01"])
        .args(["-c", "3", "-a", "60", "--json"])
        .output()
        .expect("the driver runs");
    let report = report(&output);
    assert_eq!((report.cut, report.requests.total), (60, 0), "{report:?}");
    drop(listener);
}
