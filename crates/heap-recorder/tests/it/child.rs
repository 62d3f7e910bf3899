//! Runs a test's body in a process of its own: this binary again, with one test and one thread.

use std::{env, path::Path, process::Command};

const MARK: &str = "HEAP_RECORDER_TEST_CHILD";

/// Runs `body` in a child process with these jemalloc options ("" leaves them as they are).
/// `test` is the path of the calling test in this binary, as in `memory::purge_works`.
pub(crate) fn alone(test: &str, options: &str, body: impl FnOnce()) {
    alone_as(test, options, |binary| Command::new(binary), body);
}

/// As [`alone`], in a process that `command` starts, given this binary's path.
pub(crate) fn alone_as(
    test: &str,
    options: &str,
    command: impl FnOnce(&Path) -> Command,
    body: impl FnOnce(),
) {
    if env::var_os(MARK).is_some_and(|name| name == test) {
        return body();
    }
    let binary = env::current_exe().expect("the test binary's own path");
    let mut child = command(&binary);
    child
        .args(["--exact", test, "--test-threads=1", "--nocapture"])
        .env(MARK, test);
    match options {
        "" => child.env_remove("_RJEM_MALLOC_CONF"),
        options => child.env("_RJEM_MALLOC_CONF", options),
    };
    let output = child.output().expect("the child process starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    // A wrong test path would run nothing and succeed.
    assert!(
        text.contains("1 passed"),
        "{test} in a child process:\n{text}\n{errors}"
    );
    // Shown by `--nocapture` alone: the figures that were measured.
    println!("{text}");
}
