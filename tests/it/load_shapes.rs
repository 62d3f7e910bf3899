//! The shapes of `leaklab load`: clients that do more than send requests, against a real lab.

use std::path::{Path, PathBuf};
use std::process::Output;

use heap_profile::{Profile, SnapshotInfo};
use leaklab::load::{Ended, Report, Shape};

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
pub(crate) fn search(folder: &Path) -> [String; 4] {
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

/// A subscription to all reviews, and the mutation that writes one: the flags for both.
pub(crate) fn reviews(folder: &Path) -> [String; 6] {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let subscription = "subscription Follow { reviewAdded { id text } }";
    let mutation = "mutation Write($review: NewReview!) { addReview(review: $review) { id } }";
    let variables =
        r#"{"review": {"bookId": {"$int": [1, 9]}, "userId": 1, "stars": 5, "text": {"$word": 1500}}}"#;
    [
        "--operation".to_owned(),
        file("follow.graphql", subscription),
        "--trigger".to_owned(),
        file("write.graphql", mutation),
        "--trigger-variables".to_owned(),
        file("write.json", variables),
    ]
}

#[test]
fn events_pile_up_behind_clients_that_stopped_reading() {
    let lab = Lab::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let operations = reviews(folder.path());
    let mut flags = vec!["--shape", "stalled", "-c", "20", "-a", "400"];
    flags.extend(operations.iter().map(String::as_str));
    let report = report(&load(&lab, &flags));
    let subscriptions = report.subscriptions.expect("they were asked for");
    assert_eq!(
        (subscriptions.asked, subscriptions.opened, subscriptions.refused),
        (20, 20, 0),
        "{report:?}"
    );
    assert_eq!(
        (
            report.statuses.success,
            report.errors,
            report.graphql_errors.total
        ),
        (400, 0, 0),
        "{report:?}"
    );
    let operations = &counted(&lab).cohorts[0].operations;
    let followed = operations["Follow"];
    println!("{followed:?}");
    assert_eq!((followed.started, operations["Write"].completed), (20, 400));
    // Those who read would have all 400 events each; these have what fits into the buffers between.
    assert!(
        followed.events >= 20 && followed.events < 20 * 200,
        "{followed:?}"
    );
}

#[test]
fn a_subscription_that_the_server_refuses_is_told_with_its_error() {
    let lab = Lab::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let document = folder.path().join("none.graphql");
    std::fs::write(&document, "subscription { nothing }").expect("a file");
    let document = document.display().to_string();
    let flags = [
        "--operation",
        &document,
        "--shape",
        "stalled",
        "-c",
        "3",
        "-d",
        "0.1",
    ];
    let report = report(&load(&lab, &flags));
    let subscriptions = report.subscriptions.expect("they were asked for");
    assert_eq!(
        (subscriptions.opened, subscriptions.refused),
        (3, 3),
        "{report:?}"
    );
    assert_eq!(report.graphql_errors.total, 3, "{report:?}");
    assert!(
        report.graphql_errors.messages[0].contains("nothing"),
        "{report:?}"
    );
}

#[test]
fn subscriptions_at_an_address_without_sockets_are_a_failure() {
    let lab = Lab::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let document = folder.path().join("follow.graphql");
    std::fs::write(&document, "subscription { reviewAdded { id } }").expect("a file");
    let document = document.display().to_string();
    let nowhere = format!("{}/nowhere", lab.public_url());
    let flags = [
        &nowhere,
        "--operation",
        &document,
        "--shape",
        "stalled",
        "-c",
        "2",
        "-d",
        "0.1",
    ];
    let output = load(&lab, &flags);
    assert_eq!(output.status.code(), Some(2));
    let report = report(&output);
    assert_eq!(
        (report.connect_errors, report.ended),
        (2, Ended::GaveUp),
        "{report:?}"
    );
    assert!(report.error_messages[0].contains("404"), "{report:?}");
}

#[test]
fn what_a_shape_has_no_use_for_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (query, follow) = (
        file("query.graphql", "{ hello }"),
        file("follow.graphql", "subscription { reviewAdded { id } }"),
    );
    for (flags, expected) in [
        (
            vec!["--patience", "1"],
            "a patience goes with the shape hang-ups alone",
        ),
        (
            vec!["--trigger", &query],
            "a trigger goes with the shape stalled alone",
        ),
        (
            vec!["--shape", "stalled"],
            "the shape stalled takes an operation, a subscription",
        ),
        (
            vec!["--shape", "stalled", "--operation", &query],
            "the shape stalled takes a subscription, and the operation is none",
        ),
        (
            vec!["--shape", "stalled", "--operation", &follow, "-a", "5"],
            "without a trigger sends no requests to count, so it takes a duration",
        ),
        (
            vec!["--shape", "hang-ups", "--patience", "0"],
            "patience must be more than 0 seconds",
        ),
    ] {
        let output = leaklab()
            .arg("load")
            .args(&flags)
            .output()
            .expect("the driver runs");
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(expected), "{flags:?}: {text}");
    }
}
