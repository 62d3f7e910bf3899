//! Runs a test's body in a process of its own: this binary again, with one test and one thread.

use std::{env, process::Command};

const MARK: &str = "HEAP_ADMIN_TEST_CHILD";

/// Runs `body` in a child process that is started as this one was. See [`run`].
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    run(test, |binary| Command::new(binary), body);
}

/// Runs `body` in a child process that `command` starts, given this binary's path. `test` is the
/// path of the calling test in this binary.
pub(crate) fn run(test: &str, command: impl FnOnce(&str) -> Command, body: impl FnOnce()) {
    if env::var_os(MARK).is_some_and(|name| name == test) {
        return body();
    }
    let binary = env::current_exe().expect("the test binary's own path");
    let mut child = command(binary.to_str().expect("a path in UTF-8"));
    child
        .args(["--exact", test, "--test-threads=1", "--nocapture"])
        .env(MARK, test);
    let output = child.output().expect("the child process starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    // A wrong test path would run nothing and succeed.
    assert!(
        text.contains("1 passed"),
        "{test} in a child process:\n{text}\n{errors}"
    );
}
