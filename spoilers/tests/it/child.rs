//! Runs a test's body in a process of its own: this binary again, with one test and one thread.

use std::process::Command;

const MARK: &str = "SPOILERS_TEST_CHILD";

/// Runs `body` in a child process. `test` is the path of the calling test in this binary.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    if std::env::var_os(MARK).is_some_and(|name| name == test) {
        return body();
    }
    let binary = std::env::current_exe().expect("the test binary's own path");
    let mut child = Command::new(binary);
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
    // Seen with --nocapture: the figures.
    eprint!("{errors}");
}
