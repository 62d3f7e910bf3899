//! The progress file.

use std::path::Path;

use super::{Learner, stderr, stdout};
use crate::harness::{leaklab, root};

#[test]
fn progress_can_be_reset_for_one_problem_or_all() {
    let learner = Learner::new();
    for id in ["00", "02"] {
        learner.told(&["hint", id]);
    }
    learner.told(&["list", "--reset", "02"]);
    assert_eq!(
        (
            &learner.row("00hello")["hints"],
            &learner.row("02search")["hints"]
        ),
        (&1.into(), &0.into())
    );
    learner.told(&["list", "--reset", "all"]);
    assert_eq!(learner.row("00hello")["hints"], 0);
}

#[test]
fn a_progress_file_of_a_newer_version_is_refused_and_left_alone() {
    let learner = Learner::new();
    let newer = "version = 99\n";
    std::fs::write(learner.file(), newer).expect("written");
    for args in [
        &["list"][..],
        &["hint", "02"],
        &["answer", "02", "--innocent"],
        &["list", "--reset", "02"],
    ] {
        let output = learner.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            stderr(&output).contains("version 99") && stderr(&output).contains("hint: "),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(
        std::fs::read_to_string(learner.file()).expect("still there"),
        newer
    );
}

#[test]
fn progress_is_kept_in_the_folder_for_state_unless_told() {
    let home = tempfile::tempdir().expect("a home");
    let run = |state: Option<&Path>| {
        let mut command = leaklab();
        command
            .args(["hint", "02"])
            .env("HOME", home.path())
            .env_remove("XDG_STATE_HOME")
            .current_dir(root());
        command.envs(state.map(|state| ("XDG_STATE_HOME", state)));
        assert!(command.output().expect("leaklab runs").status.success());
    };
    run(None);
    assert!(home.path().join(".local/state/leaklab/progress.toml").is_file());
    run(Some(&home.path().join("state")));
    assert!(home.path().join("state/leaklab/progress.toml").is_file());
}

#[test]
fn hints_taken_at_the_same_time_are_all_counted_and_all_different() {
    let learner = Learner::new();
    let start = || {
        let mut command = leaklab();
        command
            .args(["hint", "02"])
            .env("LEAKLAB_PROGRESS", learner.file())
            .current_dir(root());
        command
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("leaklab runs")
    };
    let running: Vec<_> = (0..3).map(|_| start()).collect();
    let told: std::collections::BTreeSet<_> = running
        .into_iter()
        .map(|child| stdout(&child.wait_with_output().expect("it ends")))
        .collect();
    assert_eq!(told.len(), 3);
    assert_eq!(learner.row("02search")["hints"], 3);
}
