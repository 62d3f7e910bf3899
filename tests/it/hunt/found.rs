//! What a hunt finds, and prints.

use heap_profile::hunt::{CheckName, Phase, Report, Verdict};
use serde_json::json;

use super::{Hunt, lab_of, told};
use crate::harness::{Lab, is_running, root};

#[test]
fn the_worked_example_is_a_leak_of_its_field_and_the_lab_is_gone_after_it() {
    let mut hunt = Hunt::new(&["00", "--format", "json"]);
    let (code, stdout, stderr) = hunt.run();
    assert_eq!(code, Some(1), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).expect("a report");
    assert_eq!(
        (report.verdict, report.subject.as_str()),
        (Verdict::Leak, "00hello")
    );
    assert_eq!(report.fields[0].field.as_deref(), Some("Query.hello"));
    assert!(!is_running(lab_of(&stderr)), "{stderr}");
    let kept = std::fs::read_to_string(hunt.file("report.json")).expect("a report");
    assert_eq!(kept.trim_end(), stdout.trim_end());
    let page = std::fs::read_to_string(hunt.file("report.html")).expect("a page");
    // What has grown, by stack: a drawing, and in it the field's resolver.
    let (_, flame) = page.split_once("<div class=\"flame\"").expect("a flame graph");
    assert!(flame.contains("<svg") && flame.contains("HelloQuery"));
    for phase in hunt.phases() {
        let name = phase["snapshot"].as_str().expect("a name");
        assert!(hunt.file(&format!("{name}.pb.gz")).exists(), "{name}");
    }
}

#[test]
fn a_baseline_of_the_leaks_that_were_found_lets_the_next_hunt_pass() {
    let lab = Lab::start(&["--field-labels", "--sample-interval", "16KiB"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let baseline = folder.path().join("baseline.json");
    let baseline = baseline.to_str().expect("text");
    let mut first = Hunt::at(&lab, &["00", "--write-baseline", baseline, "--holders", "0"]);
    let (code, _, stderr) = first.run();
    assert_eq!(code, Some(1), "{stderr}");
    let before_told = stderr;
    let before = first.file("report.json");
    let before = before.to_str().expect("text");
    // Far below the leak, and far above what a short hunt is unsure of.
    let flags = [
        "00",
        "--baseline",
        baseline,
        "--before",
        before,
        "--threshold",
        "500",
    ];
    let mut second = Hunt::at(&lab, &flags);
    let (code, stdout, stderr) = second.run();
    assert_eq!(code, Some(0), "{stdout}\n{stderr}");
    let report = std::fs::read_to_string(second.file("report.json")).expect("a report");
    let report: Report = serde_json::from_str(&report).expect("a report");
    assert_eq!(report.verdict, Verdict::Leak);
    assert!(report.sites[0].known && report.sites[0].verdict == Verdict::Leak);
    // Nobody was asked who holds it: in the first hunt since it was told not to, in the second since it is known.
    for (hunt, told) in [(&first, before_told), (&second, stderr)] {
        assert!(
            !hunt.file("holders-1.json").exists() && !told.contains("who holds"),
            "{told}"
        );
    }
    assert_eq!(report.fields[0].field.as_deref(), Some("Query.hello"));
    let left = lab.admin("{ snapshots { id } }");
    assert_eq!(left["snapshots"].as_array().map(Vec::len), Some(0));
    // What has changed since follows the report, and is a file too.
    let (_, change) = stdout.split_once("\nbefore: 00hello, ").expect("a change");
    assert!(change.contains("\nafter: 00hello, "), "{stdout}");
    assert!(second.file("change.json").exists());
}

#[test]
fn a_page_is_printed_as_it_is_in_the_folder() {
    let mut hunt = Hunt::new(&["00", "--format", "html"]);
    let (code, stdout, stderr) = hunt.run();
    assert_eq!(code, Some(1), "{stderr}");
    let kept = std::fs::read_to_string(hunt.file("report.html")).expect("a page");
    assert!(stdout.starts_with("<!DOCTYPE html>"), "{stdout:.80}");
    assert_eq!(kept, stdout);
}

#[test]
fn what_grew_in_the_last_rung_alone_is_looked_at_again() {
    let lab = Lab::start(&["--field-labels"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let document = folder.path().join("nothing.graphql");
    std::fs::write(&document, "{ __typename }").expect("a file");
    let document = document.to_str().expect("text");
    let mut hunt = Hunt::at(&lab, &["--operation", document, "--budget", "40"]);
    let child = hunt.start();
    // Two of the three first rungs are over.
    hunt.wait_for_phases(3);
    while hunt.phases().len() == 3 {
        lab.ask("{ hello(name: \"reader\") }");
    }
    let (_, _, stderr) = told(child.wait_with_output().expect("it ends"));
    assert!(stderr.contains("look 1: inconclusive"), "{stderr}");
    let report = std::fs::read_to_string(hunt.file("report.json")).expect("a report");
    let report: Report = serde_json::from_str(&report).expect("a report");
    assert!(report.looks > 1, "{stderr}");
    let rungs = report.phases.iter().filter(|phase| phase.phase == Phase::Rung);
    assert_eq!(rungs.count(), 3 + 2 * (report.looks as usize - 1));
}

#[test]
fn an_operation_that_keeps_nothing_is_no_leak() {
    let lab = Lab::start(&["--field-labels"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let document = folder.path().join("problems.graphql");
    std::fs::write(&document, "{ __typename }").expect("a file");
    let mut hunt = Hunt::at(
        &lab,
        &[
            "--operation",
            document.to_str().expect("text"),
            "--format",
            "json",
        ],
    );
    let (code, stdout, stderr) = hunt.run();
    assert!(matches!(code, Some(0 | 3)), "{stdout}\n{stderr}");
    let report: Report = serde_json::from_str(&stdout).expect("a report");
    assert_ne!(report.verdict, Verdict::Leak);
    assert_eq!(report.subject, "problems.graphql");
}

#[test]
fn the_operation_documents_can_be_hunted_like_the_problems() {
    let document = root().join("schema/operations/00hello.graphql");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let variables = folder.path().join("variables.json");
    std::fs::write(&variables, r#"{ "name": { "$word": 8 } }"#).expect("a file");
    let (document, variables) = (
        document.to_str().expect("text"),
        variables.to_str().expect("text"),
    );
    let flags = [
        "--operation",
        document,
        "--variables",
        variables,
        "--format",
        "markdown",
    ];
    let (code, stdout, stderr) = Hunt::new(&flags).run();
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stdout.contains("Query.hello"), "{stdout}");
}

#[test]
fn a_control_is_planted_for_the_hunt_alone_and_found() {
    let lab = Lab::start(&["--field-labels", "--sample-interval", "4KiB"]);
    let document = root().join("schema/operations/03lookup.graphql");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let variables = folder.path().join("variables.json");
    std::fs::write(&variables, r#"{ "id": 1 }"#).expect("a file");
    let flags = [
        "--operation",
        document.to_str().expect("text"),
        "--variables",
        variables.to_str().expect("text"),
        "--control",
        "1000",
        "--format",
        "json",
    ];
    let (_, stdout, stderr) = Hunt::at(&lab, &flags).run();
    let report: Report = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    let control = report
        .checks
        .iter()
        .find(|check| check.name == CheckName::PlantedControl)
        .expect("a check");
    assert!(control.passed, "{}", control.message);
    let left = lab.admin("{ control { bytesPerRequest plantedBytes } }");
    assert_eq!(
        left["control"],
        json!({ "bytesPerRequest": 0, "plantedBytes": 0 })
    );
}

#[test]
fn a_leak_is_a_leak_where_nobody_reads_on() {
    let mut hunt = Hunt::new(&["00", "--format", "html", "--holders", "0"]);
    let baseline = hunt.file("").with_file_name("baseline.json");
    hunt.command.arg("--write-baseline").arg(&baseline);
    let mut child = hunt.start();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let baseline = std::fs::read_to_string(baseline).expect("a baseline");
    assert!(baseline.contains("hello"), "{baseline}");
}
