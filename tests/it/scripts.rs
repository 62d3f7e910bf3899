//! The scripts under `spoilers/`, run as a reader runs them, but for the build: they are given
//! the binary that these tests are for.
//!
//! What the right answer is comes from `spoilers/*/answer.toml`, so that no cause is named here.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::harness::{binary, root};

#[test]
fn load_gql_names_the_resolver_of_hello() {
    names_the_culprit("hello", "00");
}

#[test]
fn load_gql_names_the_resolver_of_02() {
    names_the_culprit("02", "02");
}

#[test]
fn load_gql_names_the_resolver_of_03() {
    names_the_culprit("03", "03");
}

#[test]
fn load_gql_names_the_resolver_of_04() {
    names_the_culprit("04", "04");
}

#[test]
fn load_gql_names_the_loader_of_06() {
    names_the_culprit("06", "06");
}

#[test]
fn load_gql_names_the_resolver_of_07() {
    names_the_culprit("07", "07");
}

#[test]
fn load_gql_ended_in_the_middle_of_a_load_leaves_nothing_running() {
    let folder = folder();
    let mut script = command("load_gql.sh", "hello", &folder)
        .spawn()
        .expect("bash is there");
    let mut progress = BufReader::new(script.stderr.take().expect("stderr is piped")).lines();
    let loading = progress.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("load: 10000")));
    assert!(loading.is_some(), "the script tells when it begins its load");
    let group = script.id();

    signal("TERM", group);
    let status = script.wait().expect("the script can be waited for");

    assert_eq!(status.code(), Some(143), "the code for SIGTERM");
    assert_eq!(
        members(group),
        Vec::<String>::new(),
        "all that the script started has ended"
    );
}

#[test]
fn load_gql_stops_with_a_clear_error_where_the_memory_limit_is_reached() {
    let output = run(command("load_gql.sh", "hello", &folder()).env("LEAKLAB_MEMORY_LIMIT", "48MiB"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("error: MEMORY_LIMIT"), "{stderr}");
    assert!(
        output.stdout.is_empty(),
        "no table of a load that did not go through"
    );
}

#[test]
fn load_gql_answers_an_unknown_problem_with_the_ids_that_there_are() {
    let output = run(&mut command("load_gql.sh", "nosuch", &folder()));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("error: no problem is called `nosuch`\nhint: the problems are 00hello, 01jokes, "),
        "{stderr}"
    );
}

#[test]
fn load_gql_answers_an_ambiguous_problem_with_what_it_could_be() {
    let output = run(&mut command("load_gql.sh", "0", &folder()));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("error: `0` could be any of 00hello, 01jokes, ")
            && stderr.contains("\nhint: type more"),
        "{stderr}"
    );
}

#[test]
fn load_gql_says_so_where_it_can_make_no_folder() {
    let output =
        run(command("load_gql.sh", "hello", &folder()).env("LEAKLAB_SNAPSHOTS", "/dev/null/snapshots"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("\nerror: no folder for snapshots can be made: ")
            && stderr.ends_with("hint: LEAKLAB_SNAPSHOTS=FOLDER names another place for them\n"),
        "{stderr}"
    );
}

#[test]
fn profile_draws_a_flame_graph() {
    let folder = folder();
    let output = run(&mut command("profile.sh", "hello", &folder));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8(output.stdout).expect("a path in UTF-8");
    let drawing = std::fs::read_to_string(stdout.trim_end()).expect("the drawing is where the script says");
    assert!(
        drawing.contains("<svg") && drawing.contains(&culprit("00")),
        "it shows the culprit's frame"
    );
}

/// Runs the script on a problem and looks at the first row of its table.
fn names_the_culprit(problem: &str, number: &str) {
    let output = run(&mut command("load_gql.sh", problem, &folder()));
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}\n{stdout}");
    let culprit = culprit(number);
    let first = first_site(&stdout);
    assert!(
        first.contains(&culprit),
        "`{culprit}` is not in the first row: {first}\n{stdout}"
    );
}

/// Runs a script to its end, and sees to it that nothing that it started outlives it.
fn run(script: &mut Command) -> Output {
    let child = script.spawn().expect("bash is there");
    let group = child.id();
    let output = child.wait_with_output().expect("the script can be waited for");
    assert_eq!(
        members(group),
        Vec::<String>::new(),
        "all that the script started has ended"
    );
    output
}

/// A script in a process group of its own: whatever it starts is in that group.
fn command(script: &str, problem: &str, folder: &TempDir) -> Command {
    let mut command = Command::new(root().join("spoilers").join(script));
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| name.to_string_lossy().starts_with("LEAKLAB_")) {
        command.env_remove(name);
    }
    command
        .arg(problem)
        .env("LEAKLAB_BIN", binary())
        .env("LEAKLAB_SNAPSHOTS", folder.path())
        .env("NO_COLOR", "1")
        .current_dir(std::env::temp_dir())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn signal(name: &str, pid: u32) {
    let status = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "kill", name, &pid.to_string()])
        .status()
        .expect("sh is there");
    assert!(status.success(), "process {pid} takes SIG{name}");
}

/// The command lines of the processes in a group that still run.
fn members(group: u32) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("/proc is there");
    processes
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|process| is_member(process, group) == Some(true))
        .map(|process| std::fs::read_to_string(process.join("cmdline")).unwrap_or_default())
        .collect()
}

/// Whether a process runs in the group; nothing where it is none, or gone by now.
fn is_member(process: &Path, group: u32) -> Option<bool> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    // proc_pid_stat(5): "pid (name) state parent group ..."; the name may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let number: u32 = fields.nth(1)?.parse().ok()?;
    Some(number == group && state != "Z")
}

/// What the first row of the growth table names: the lines below the header, joined, up to what
/// is said of the site.
fn first_site(table: &str) -> String {
    let below_header = table.lines().skip_while(|line| !line.contains('═')).skip(1);
    let name = below_header.map(str::trim).take_while(|line| {
        let details = ["at ", "via ", "<- ", "─"];
        !details.iter().any(|detail| line.starts_with(detail))
    });
    without_angles(&name.collect::<String>())
}

/// Tables write `Type::function` for a symbol's `<Type>::function`.
fn without_angles(name: &str) -> String {
    name.replace(['<', '>'], "")
}

/// The frame that a problem's answer names, as tables write it.
fn culprit(number: &str) -> String {
    let prefix = format!("p{number}_");
    let folders = std::fs::read_dir(root().join("spoilers")).expect("spoilers/ is there");
    let folder = folders
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .unwrap_or_else(|| panic!("no answer for problem {number}"));
    let text = std::fs::read_to_string(folder.path().join("answer.toml")).expect("an answer.toml");
    let answer: toml::Table = text.parse().expect("answer.toml is TOML");
    without_angles(answer["culprit"].as_str().expect("culprit is a string"))
}
