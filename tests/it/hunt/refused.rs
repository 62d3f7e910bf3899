//! What is not hunted, and what is said about it.

use super::Hunt;
use crate::harness::Lab;

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
fn a_setting_of_the_lab_that_means_nothing_is_told_before_there_is_one() {
    let mut hunt = Hunt::new(&["00"]);
    hunt.command.env("LEAKLAB_MEMORY_LIMIT", "512");
    let refused = hunt.refused();
    assert!(
        refused.contains("LEAKLAB_MEMORY_LIMIT=512: 512 B is less than the least, 1.0 MiB"),
        "{refused}"
    );
    assert!(!hunt.file("").exists(), "{refused}");
}

#[test]
fn what_a_lab_said_of_why_it_does_not_start_is_told() {
    let mut hunt = Hunt::new(&["00"]);
    hunt.command.env("_RJEM_MALLOC_CONF", "prof:false");
    let refused = hunt.refused();
    assert!(refused.contains("the last that it said: error: "), "{refused}");
}
