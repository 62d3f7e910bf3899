//! `leaklab hunt`: what it finds, and what it says where it cannot hunt.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use heap_profile::hunt::{CheckName, Report, Verdict};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Lab, leaklab, root, wait_until};

/// Flags of a hunt that is over soon.
const SHORT: [&str; 4] = ["--rung", "0.4", "--budget", "12"];

/// A hunt with a folder of its own.
struct Hunt {
    folder: TempDir,
    command: Command,
}

impl Hunt {
    fn new(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = leaklab();
        command
            .arg("hunt")
            .args(args)
            .args(SHORT)
            .arg("--output")
            .arg(folder.path().join("hunt"));
        Self { folder, command }
    }

    /// The same at a lab that runs.
    fn at(lab: &Lab, args: &[&str]) -> Self {
        let doors = ["--target", lab.public_url(), "--admin", lab.admin_url()];
        Self::new(&[args, &doors[..]].concat())
    }

    fn run(&mut self) -> (Option<i32>, String, String) {
        told(self.command.output().expect("leaklab runs"))
    }

    /// Refused, with a word about it.
    fn refused(&mut self) -> String {
        let (code, stdout, stderr) = self.run();
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        stderr
    }

    fn start(&mut self) -> Child {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("leaklab starts")
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("hunt").join(name)
    }

    /// The phases that are noted as done.
    fn phases(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.file("hunt.json")).unwrap_or_default();
        // It may be in the middle of being written.
        let record: Value = serde_json::from_str(&text).unwrap_or_default();
        record["phases"].as_array().cloned().unwrap_or_default()
    }

    fn wait_for_phases(&self, count: usize) {
        wait_until(&format!("{count} phases"), || self.phases().len() >= count);
    }
}

fn told(output: Output) -> (Option<i32>, String, String) {
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// The process id of the lab that a hunt said it has started.
fn lab_of(stderr: &str) -> u32 {
    let (_, rest) = stderr.split_once("a lab of its own, process ").expect("a lab");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a process id")
}

fn is_running(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

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
    assert!(hunt.file("report.html").exists());
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
    let mut first = Hunt::at(&lab, &["00", "--write-baseline", baseline]);
    let (code, _, stderr) = first.run();
    assert_eq!(code, Some(1), "{stderr}");
    let before = first.file("report.json");
    let before = before.to_str().expect("text");
    let flags = ["00", "--baseline", baseline, "--before", before];
    let mut second = Hunt::at(&lab, &flags);
    let (code, stdout, stderr) = second.run();
    // Whatever else is undecided after so short a time: what leaks is known.
    assert!(matches!(code, Some(0 | 3)), "{stdout}\n{stderr}");
    let report = std::fs::read_to_string(second.file("report.json")).expect("a report");
    let report: Report = serde_json::from_str(&report).expect("a report");
    assert_eq!(report.verdict, Verdict::Leak);
    assert!(report.sites[0].known && report.sites[0].verdict == Verdict::Leak);
    assert!(second.file("change.json").exists());
    let left = lab.admin("{ snapshots { id } }");
    assert_eq!(left["snapshots"].as_array().map(Vec::len), Some(0));
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
fn a_service_that_dies_in_the_middle_leaves_its_evidence() {
    let lab = Lab::start(&[]);
    let mut hunt = Hunt::at(&lab, &["00"]);
    let child = hunt.start();
    hunt.wait_for_phases(2);
    lab.signal("KILL");
    let (code, stdout, stderr) = told(child.wait_with_output().expect("it ends"));
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.contains("error: the hunt stopped in rung"), "{stderr}");
    assert!(
        stderr.contains("snapshots are left: leaklab compare "),
        "{stderr}"
    );
    let phases = hunt.phases();
    let first = phases[0]["snapshot"].as_str().expect("a name");
    let last = phases[phases.len() - 1]["snapshot"].as_str().expect("a name");
    let compared = leaklab()
        .arg("compare")
        .args([first, last].map(|name| hunt.file(&format!("{name}.pb.gz"))))
        .output()
        .expect("leaklab runs");
    assert!(compared.status.success());
}

#[test]
fn an_interrupt_ends_hunt_and_lab_and_leaves_the_evidence() {
    let mut hunt = Hunt::new(&["00"]);
    let child = hunt.start();
    hunt.wait_for_phases(1);
    let status = Command::new("kill")
        .args(["-s", "INT", &child.id().to_string()])
        .status();
    assert!(status.expect("kill runs").success());
    let (code, stdout, stderr) = told(child.wait_with_output().expect("it ends"));
    assert_eq!((code, stdout.as_str()), (Some(130), ""), "{stderr}");
    assert!(stderr.contains(": interrupted"), "{stderr}");
    assert!(!is_running(lab_of(&stderr)), "{stderr}");
    assert!(hunt.file("01-warm-up.pb.gz").exists());
}

#[test]
fn what_is_no_target_and_no_admin_door_is_told() {
    let lab = Lab::start(&[]);
    let at = |target: &str, admin: &str| Hunt::new(&["00", "--target", target, "--admin", admin]).refused();
    // Nobody listens at port 1 of this machine.
    let nobody = "http://127.0.0.1:1";
    let silent = at(nobody, lab.admin_url());
    assert!(
        silent.contains("in the warm-up: nothing answers at http://127.0.0.1:1/graphql"),
        "{silent}"
    );
    let unreachable = at(lab.public_url(), nobody);
    assert!(
        unreachable.contains("the admin door does not answer at http://127.0.0.1:1"),
        "{unreachable}"
    );
    let other = at(lab.public_url(), lab.public_url());
    assert!(other.contains("is no admin door of heap-admin"), "{other}");
    let remote = at("http://192.0.2.7/", lab.admin_url());
    assert!(remote.contains("`192.0.2.7` is not this machine"), "{remote}");
    let remote = at(lab.public_url(), "http://192.0.2.7/");
    assert!(remote.contains("`192.0.2.7` is not this machine"), "{remote}");
}

#[test]
fn an_admin_door_with_a_token_asks_for_it() {
    let lab = Lab::start(&["--admin-token", "open-sesame"]);
    let refused = Hunt::at(&lab, &["00"]).refused();
    assert!(
        refused.contains("the token is missing or wrong\nhint: --admin-token"),
        "{refused}"
    );
    let (code, _, stderr) = Hunt::at(&lab, &["00", "--admin-token", "open-sesame"]).run();
    assert_eq!(code, Some(1), "{stderr}");
}

#[test]
fn a_service_without_a_recorder_is_told_what_it_lacks() {
    let lab = Lab::start_with(&[], |command| {
        command.env("_RJEM_MALLOC_CONF", "prof:false");
    });
    let refused = Hunt::at(&lab, &["00"]).refused();
    assert!(
        refused.contains("the service records no allocations: "),
        "{refused}"
    );
    assert!(refused.contains("\nhint: "), "{refused}");
}

#[test]
fn an_unknown_problem_and_a_folder_that_is_taken_are_refused_before_anything_runs() {
    let unknown = Hunt::new(&["nonsense"]).refused();
    assert!(
        unknown.contains("no problem is called `nonsense`\nhint: the problems are 00hello"),
        "{unknown}"
    );
    let mut hunt = Hunt::new(&["00"]);
    std::fs::create_dir(hunt.file("")).expect("a folder");
    std::fs::write(hunt.file("hunt.json"), "{}").expect("a file");
    let taken = hunt.refused();
    assert!(taken.contains("holds a hunt already\nhint: --output"), "{taken}");
}

#[test]
fn an_operation_that_fails_is_no_evidence() {
    let lab = Lab::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let document = folder.path().join("wrong.graphql");
    std::fs::write(&document, "{ nothingOfTheKind }").expect("a file");
    let refused = Hunt::at(&lab, &["--operation", document.to_str().expect("text")]).refused();
    assert!(
        refused.contains("requests were answered with errors: "),
        "{refused}"
    );
    assert!(refused.contains("nothingOfTheKind"), "{refused}");
}

#[test]
fn a_service_that_is_full_is_told_apart_from_one_that_fails() {
    let lab = Lab::start(&["--memory-limit", "64MiB"]);
    // Some 7 kB for each.
    lab.call_problem("00", 8_000);
    let refused = Hunt::at(&lab, &["00"]).refused();
    assert!(refused.contains("memory limit"), "{refused}");
    assert!(refused.contains("resetProblem"), "{refused}");
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
