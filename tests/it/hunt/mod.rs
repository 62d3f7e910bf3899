//! `leaklab hunt`, as a user runs it.
//!
//! [`found`]: what it finds, and prints; [`holders`]: who holds it; [`shapes`]: loads other than requests; [`stopped`]: hunts that are broken off;
//! [`refused`]: what it does not hunt.

mod found;
mod holders;
mod refused;
mod shapes;
mod stopped;

use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Lab, error_of, leaklab, wait_until};

/// Seconds that a hunt may take, unless a test says otherwise.
const BUDGET: &str = "--budget=12";

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
            .args(["--rung", "0.4"])
            .args((!args.contains(&"--budget")).then_some(BUDGET))
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
        error_of(&mut self.command)
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
