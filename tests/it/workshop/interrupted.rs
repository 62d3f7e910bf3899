//! Ctrl-C in the middle of `leaklab check`: nothing is left behind.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Learner;
use crate::harness::{binary, is_running, leaklab, root, signal, wait_until};

/// A judge at work; interrupted when dropped, so that it leaves nothing behind where a test fails.
struct Check(Child);

impl Check {
    /// What it has said on stdout and stderr, when it has ended.
    fn said(&mut self) -> [String; 2] {
        let (mut said, mut told) = (String::new(), String::new());
        let (stdout, stderr) = (self.0.stdout.take(), self.0.stderr.take());
        stdout.expect("a pipe").read_to_string(&mut said).expect("text");
        stderr.expect("a pipe").read_to_string(&mut told).expect("text");
        [said, told]
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            signal(self.0.id(), "INT");
            let _ = self.0.wait();
        }
    }
}

impl Learner {
    /// Begins to judge; its evidence goes to [`Learner::evidence`].
    fn begin_check(&self, adjust: impl FnOnce(&mut Command)) -> Check {
        let mut command = leaklab();
        command
            .args(["check", "00", "--output"])
            .arg(self.evidence())
            .env("LEAKLAB_PROGRESS", self.file())
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        adjust(&mut command);
        Check(command.spawn().expect("leaklab starts"))
    }

    fn evidence(&self) -> std::path::PathBuf {
        self.folder.path().join("hunts").join("evidence")
    }

    /// Interrupts it while these processes of its run: they end, and so does all that was written.
    fn interrupt(&self, mut check: Check, others: &[u32]) {
        assert!(!others.is_empty() && others.iter().all(|other| is_running(*other)));
        signal(check.0.id(), "INT");
        let status = check.0.wait().expect("it ends");
        let [said, told] = check.said();
        assert_eq!((status.code(), said.as_str()), (Some(130), ""), "{told}");
        assert!(told.contains("error: interrupted"), "{told}");
        wait_until("the end of what it started", || {
            !others.iter().any(|other| is_running(*other))
        });
        assert!(!self.folder.path().join("hunts").exists() && !self.file().exists());
    }
}

/// The processes that one has started, and that are there.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("a list of processes");
    let ids = processes.filter_map(|process| process.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |id: &u32| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status.lines().any(|line| line == format!("PPid:\t{parent}"))
    };
    ids.filter(is_child).collect()
}

#[test]
fn an_interrupt_in_the_hunt_leaves_no_server_no_folders_and_no_progress() {
    let learner = Learner::new();
    let check = learner.begin_check(|command| {
        command.arg("--server").arg(binary());
    });
    let hunt = learner.evidence().join("hunt");
    wait_until("the hunt", || hunt.exists());
    let servers = children(check.0.id());
    learner.interrupt(check, &servers);
}

#[test]
fn an_interrupt_in_the_build_leaves_no_compiler() {
    let learner = Learner::new();
    // What cargo is to the judge: a program that starts others, and takes its time.
    let cargo = learner.folder.path().join("cargo");
    program(&cargo, "sleep 600 &\nwait");
    let workspace = changed_workspace(learner.folder.path());
    let check = learner.begin_check(|command| {
        command.env("CARGO", &cargo).current_dir(&workspace);
    });
    let compilers = || -> Vec<u32> {
        let cargo = children(check.0.id());
        cargo.iter().flat_map(|cargo| children(*cargo)).collect()
    };
    wait_until("the compiler", || !compilers().is_empty());
    let compilers = compilers();
    learner.interrupt(check, &compilers);
}

fn program(path: &Path, does: &str) {
    fs::write(path, format!("#!/bin/sh\n{does}\n")).expect("a program");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be run");
}

/// A copy of what a judgement needs, with a change to the first problem.
fn changed_workspace(folder: &Path) -> std::path::PathBuf {
    let copy = folder.join("workspace");
    fs::create_dir(&copy).expect("a folder");
    for part in ["Cargo.toml", "problems", "schema", "spoilers"] {
        let status = Command::new("cp")
            .arg("-R")
            .arg(root().join(part))
            .arg(&copy)
            .status();
        assert!(status.expect("cp runs").success());
    }
    let changed = copy.join("problems/p00_hello/mod.rs");
    let text = fs::read_to_string(&changed).expect("a problem") + "\n// A change.\n";
    fs::write(changed, text).expect("the change is written");
    copy
}
