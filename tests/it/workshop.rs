//! The board, the hints and the answers, as a learner uses them: the real program, and a progress file of its own.

mod answers;
mod interrupted;
mod progress;

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{leaklab, root};

/// A learner, with a progress file.
struct Learner {
    folder: TempDir,
}

impl Learner {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("progress.toml")
    }

    fn run(&self, args: &[&str]) -> Output {
        self.run_in(root(), args)
    }

    fn run_in(&self, folder: &Path, args: &[&str]) -> Output {
        let mut command = leaklab();
        command
            .args(args)
            .env("LEAKLAB_PROGRESS", self.file())
            .current_dir(folder);
        command.output().expect("leaklab runs")
    }

    /// What is on stdout, where all is well.
    fn told(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        stdout(&output)
    }

    fn board(&self) -> Vec<Value> {
        let board = self.told(&["list", "--format", "json"]);
        serde_json::from_str(&board).expect("JSON")
    }

    fn row(&self, id: &str) -> Value {
        let mut board = self.board().into_iter();
        board.find(|row| row["id"] == id).expect("on the board")
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn the_board_has_all_problems_and_nothing_is_found_at_first() {
    let learner = Learner::new();
    let board = learner.board();
    assert_eq!(board.len(), problems::problems().len());
    for row in &board {
        assert_eq!(row["attempts"], 0, "{row}");
        assert_eq!(
            [&row["foundAt"], &row["fixedAt"], &row["answered"]],
            [&Value::Null; 3],
            "{row}"
        );
    }
    let table = learner.told(&["list"]);
    for problem in problems::problems() {
        assert!(
            table.contains(&problem.id) && table.contains(&problem.title),
            "{table}"
        );
    }
    assert!(
        table.contains(&format!("0 of {} found, 0 fixed", board.len())),
        "{table}"
    );
    assert!(!learner.file().exists(), "looking at the board keeps nothing");
}

#[test]
fn a_problem_tells_its_story_and_how_to_run_it() {
    let learner = Learner::new();
    for problem in problems::problems() {
        let told = learner.told(&["list", &problem.id]);
        let run = [
            format!("leaklab load {}", problem.id),
            format!("leaklab hunt {}", problem.id),
        ];
        let parts = [
            problem.story.trim(),
            problem.operation.trim(),
            &problem.fields[0],
            &run[0],
            &run[1],
        ];
        for part in parts {
            assert!(told.contains(part), "{part}\n---\n{told}");
        }
        let data: Value =
            serde_json::from_str(&learner.told(&["list", &problem.id, "--format", "json"])).expect("JSON");
        assert_eq!(
            (&data["id"], &data["operation"]),
            (&problem.id.into(), &problem.operation.into())
        );
    }
    let output = learner.run(&["list", "nothing"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("hint: the problems are "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn hints_come_one_at_a_time_and_are_counted() {
    let learner = Learner::new();
    let output = learner.run(&["hint", "02", "--again"]);
    assert_eq!((stdout(&output).as_str(), output.status.success()), ("", true));
    for level in 1..=3 {
        let told = learner.told(&["hint", "02"]);
        assert!(told.starts_with(&format!("hint {level} of 3\n")), "{told}");
        assert_eq!(told.matches(" of 3\n").count(), 1, "{told}");
        assert_eq!(learner.row("02search")["hints"], level);
    }
    let output = learner.run(&["hint", "02"]);
    assert_eq!((stdout(&output).as_str(), output.status.success()), ("", true));
    assert!(
        stderr(&output).contains("you have seen all hints for 02search"),
        "{}",
        stderr(&output)
    );
    let again = learner.told(&["hint", "search", "--again"]);
    for level in 1..=3 {
        assert!(again.contains(&format!("hint {level} of 3\n")), "{again}");
    }
    assert_eq!(learner.row("02search")["hints"], 3);
    assert_eq!(learner.row("03lookup")["hints"], 0);
}

#[test]
fn hints_are_found_from_a_folder_below_the_workspace_and_from_any_other() {
    let learner = Learner::new();
    let elsewhere = tempfile::tempdir().expect("a folder");
    for folder in [&*root().join("problems/shop"), elsewhere.path()] {
        let output = learner.run_in(folder, &["hint", "00"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(learner.row("00hello")["hints"], 2);
}
