//! Ways to look healed: `leaklab check` refuses each of them, and says why. `examples/cheats/` has them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// One hunt at a time: each wants the machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn an_empty_resolver_is_refused() {
    refused("empty", "00", "hello is \"\" instead of \"Hello, ");
}

#[test]
fn constant_data_is_refused() {
    refused(
        "constant",
        "00",
        "hello is \"Hello, Ada, and welcome to the bookshop!\" instead of ",
    );
}

#[test]
fn answers_that_were_learned_by_heart_are_refused() {
    refused(
        "by-heart",
        "00",
        "1 different answers to 12 questions, instead of some 12",
    );
}

#[test]
fn a_neighbour_that_is_broken_is_refused() {
    refused("broken-neighbour", "00", "14quotes is not as it was: ");
}

#[test]
fn a_field_that_is_gone_is_refused() {
    refused(
        "dropped-field",
        "00",
        "`Query.hello(name: String! = \"reader\"): String!` is gone from the API",
    );
}

#[test]
fn a_cache_of_one_is_refused() {
    refused("cache-of-one", "07", "their answers were not at hand");
}

#[test]
fn a_cache_that_takes_nothing_new_once_it_is_full_is_refused() {
    refused("full-cache", "07", "after the load, what is new is not kept");
}

#[test]
fn what_is_cleared_all_at_once_is_refused() {
    refused(
        "all-at-once",
        "09",
        "2000 calls later what follows a call is not as it was: ",
    );
}

#[test]
fn look_ups_that_nobody_shares_are_refused() {
    refused(
        "unshared",
        "15",
        "a document of Query.livePrice took 8 jobs of the database, and 4 are enough",
    );
}

#[test]
fn authors_that_are_looked_up_one_by_one_are_refused() {
    refused(
        "one-by-one",
        "06",
        "a document of Query.books and Book.author took 22 jobs of the database, and 4 are enough",
    );
}

#[test]
fn what_is_the_same_each_time_and_should_not_be_is_refused() {
    refused(
        "same-joke",
        "01",
        "jokeOfTheDay name of Query.jokeOfTheDay was \"joke 1\" for 3 seconds",
    );
}

#[test]
fn what_is_remembered_by_half_of_the_question_is_refused() {
    refused("wrong-key", "02", "searchBooks.hits has 5 items instead of 3");
}

#[test]
fn what_is_remembered_without_end_and_seldom_asked_for_is_refused() {
    refused("each-question", "02", "questions that were not asked before ");
}

#[test]
fn a_logout_that_ends_nothing_is_refused() {
    refused(
        "no-logout",
        "09",
        "Query.session and Mutation.logout does not answer as before",
    );
}

#[test]
fn a_follower_who_goes_without_is_refused() {
    refused("one-follower", "13", "the subscription does not tell its events");
}

#[test]
fn figures_that_begin_anew_are_refused() {
    refused(
        "counted-anew",
        "11",
        "20000 calls were made, and review_stats_seconds_count grew by ",
    );
}

#[test]
fn figures_that_leave_calls_out_are_refused() {
    refused(
        "uncounted",
        "11",
        "20 calls were made, and review_stats_seconds_count grew by 0",
    );
}

#[test]
fn a_reset_by_the_clock_is_refused() {
    cleared_by_the_clock("timed-reset");
}

#[test]
fn a_reset_four_times_a_second_is_refused() {
    cleared_by_the_clock("quick-reset");
}

/// What is seen first depends on when a look falls.
fn cleared_by_the_clock(cheat: &str) {
    let said = check(cheat, "00", 1);
    let known = [
        "were held under load, and the shop can afford",
        "goes up and down by",
        "goes away later",
        "still grows",
    ];
    assert!(known.iter().any(|why| said.contains(why)), "{said}");
}

#[test]
fn an_end_of_the_process_is_refused() {
    refused("exit", "00", "the server ended by itself (exit status: 0)");
}

#[test]
fn the_refusal_of_requests_is_refused() {
    refused("refusal", "00", "come back tomorrow");
}

#[test]
fn a_leak_through_another_field_is_refused() {
    refused(
        "another-field",
        "00",
        "held by static problems::p03_lookup::LATEST",
    );
}

#[test]
fn a_recorder_that_is_switched_off_is_refused() {
    refused("no-recorder", "00", "the server records no allocations any more");
}

#[test]
fn a_coarser_sampling_interval_is_refused() {
    refused("coarse-sampling", "00", "the sampling interval was changed from");
}

#[test]
fn a_panic_is_refused() {
    refused("panic", "00", "the server does not answer any more");
}

#[test]
fn a_change_of_the_manifest_is_refused() {
    let copy = workspace();
    change(copy.path(), "problems/p00_hello/mod.rs", "\n// A change.\n");
    change(
        copy.path(),
        "problems/p00_hello/problem.toml",
        "\n[requires]\nkeeps = 1_000_000_000\n",
    );
    let output = command("honest")
        .args(["check", "00"])
        .current_dir(copy.path())
        .output();
    let said = said(&output.expect("the judge starts"), 1);
    assert!(
        said.contains("problems/p00_hello/problem.toml was changed"),
        "{said}"
    );
}

#[test]
fn what_was_not_changed_is_not_judged() {
    let copy = workspace();
    let output = command("honest")
        .args(["check", "00"])
        .current_dir(copy.path())
        .output();
    let said = said(&output.expect("the judge starts"), 1);
    assert!(said.contains("problems/p00_hello is as it was shipped"), "{said}");
}

#[test]
fn what_does_all_that_is_asked_for_is_fixed() {
    let said = check("honest", "00", 0);
    assert!(said.contains("fixed"), "{said}");
}

fn refused(cheat: &str, problem: &str, why: &str) {
    let said = check(cheat, problem, 1);
    assert!(
        said.contains("not fixed: ") && said.contains(why) && said.contains("hint: "),
        "{said}"
    );
}

/// What the judge says of it.
fn check(cheat: &str, problem: &str, code: i32) -> String {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let mut judge = command(cheat);
    judge
        .args(["check", problem, "--budget", "120", "--server"])
        .arg(program())
        .arg("--output")
        .arg(folder.path().join("check"))
        .current_dir(root());
    said(&judge.output().expect("the judge starts"), code)
}

fn said(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let progress = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}\n{progress}");
    said
}

/// The judge: the program that serves the cheats has all of leaklab's commands.
fn command(cheat: &str) -> Command {
    let mut command = Command::new(program());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LEAKLAB_") {
            command.env_remove(name);
        }
    }
    command.env("LEAKLAB_CHEAT", cheat);
    command
}

/// Examples are built for tests, beside them.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(2).unwrap();
    let program = target.join("examples/cheats");
    assert!(
        program.is_file(),
        "{}: cargo test --release -p spoilers builds it",
        program.display()
    );
    program
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A copy of what a judgement needs, without what was built.
fn workspace() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for part in ["Cargo.toml", "problems", "schema", "spoilers"] {
        let status = Command::new("cp")
            .arg("-R")
            .arg(root().join(part))
            .arg(copy.path())
            .status();
        assert!(status.unwrap().success());
    }
    copy
}

fn change(root: &Path, file: &str, more: &str) {
    let path = root.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text + more).unwrap();
}
