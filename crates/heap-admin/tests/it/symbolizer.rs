//! The helper that looks names up: none at all, and small programs that do well or badly.

use crate::child;
use crate::held::until;
use crate::live_heap::without_path;
use crate::recorded::{error, sdl, start_recorded};
use crate::server::Server;
use heap_profile::{LiveHeapKey, Profile};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, thread};
use tempfile::TempDir;

/// An answer as the helper gives it.
const ANSWER: &str = r#"{"key":"field","rows":[{"key":"Query.books","objects":2,"bytes":300,"standardErrorBytes":1.5,
    "frames":["shop::keep (shop.rs:20)"]}],"rowsInAll":7,"bytes":1000,"standardErrorBytes":null,
    "unattributedBytes":40,"instrumentBytes":60}"#;

/// A door whose helper is this shell script, in a folder that it starts its names with. The script is written
/// while this process starts no other: a program that is open for writing cannot be started.
pub(crate) fn start(script: &str) -> (Server, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let helper = folder.path().join("helper");
    let script = script.replace("FOLDER", folder.path().to_str().expect("UTF-8"));
    fs::write(&helper, format!("#!/bin/sh\n{script}\n")).expect("a file");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).expect("it may be started");
    (start_recorded(|builder| builder.symbolizer(&helper)), folder)
}

fn ask(server: &Server) -> Value {
    let fields = "bytes unattributed instrument rowCount rows { key objects bytes standardError frames }";
    server.ask(&format!("{{ liveHeap(by: FIELD, first: 7) {{ {fields} }} }}"))
}

/// What a script's failure is told as, without what all are told with.
fn reason(script: &str) -> String {
    let (server, _folder) = start(script);
    let (message, code, hint) = error(&ask(&server));
    assert_eq!(code, "SYMBOLIZER", "{message}");
    assert!(hint.contains("debug information"), "{hint}");
    // The door lives on.
    assert!(server.ask("{ memoryInfo { live } }")["data"]["memoryInfo"]["live"].is_number());
    let reason = message.strip_prefix("names cannot be looked up: ");
    reason.unwrap_or_else(|| panic!("{message}")).to_owned()
}

#[test]
fn where_there_is_no_helper_the_error_says_what_to_install() {
    let test = "symbolizer::where_there_is_no_helper_the_error_says_what_to_install";
    child::run(test, without_path, || {
        let missing = Path::new("/there/is/no/leaklab");
        let folder = tempfile::tempdir().expect("a folder");
        for configured in [None, Some(missing), Some(folder.path())] {
            let server = start_recorded(|builder| match configured {
                Some(path) => builder.symbolizer(path),
                None => builder,
            });
            for key in ["FIELD", "TYPE", "STACK"] {
                let answer = server.ask(&format!("{{ liveHeap(by: {key}) {{ bytes }} }}"));
                let (message, code, hint) = error(&answer);
                assert_eq!(code, "NO_SYMBOLIZER", "{message}");
                assert!(hint.contains("install leaklab"), "{hint}");
                let looked = configured.map_or("beside this program or in PATH", |path| {
                    path.to_str().expect("UTF-8")
                });
                assert!(message.contains(looked), "{message}");
            }
        }
    });
}

#[test]
fn a_helper_gets_the_profile_and_its_answer_is_shown() {
    let test = "symbolizer::a_helper_gets_the_profile_and_its_answer_is_shown";
    child::alone(test, || {
        let script = format!("echo \"$*\" > FOLDER/said\ncat > FOLDER/given\ncat << 'END'\n{ANSWER}\nEND");
        let (server, folder) = start(&script);
        let expected = serde_json::json!({
            "bytes": 1000, "unattributed": 40, "instrument": 60, "rowCount": 7,
            "rows": [{ "key": "Query.books", "objects": 2, "bytes": 300, "standardError": 2,
                "frames": ["shop::keep (shop.rs:20)"] }],
        });
        let answer = ask(&server);
        assert_eq!(answer["data"]["liveHeap"], expected, "{answer}");
        let said = fs::read_to_string(folder.path().join("said")).expect("it was started");
        assert_eq!(said, "symbolize --by field --first 7\n");
        let given = fs::read(folder.path().join("given")).expect("it was given something");
        let profile = Profile::decode(&given).expect("a profile");
        assert_eq!(profile.schema(), Some(sdl().as_str()));
        assert!(!profile.samples.is_empty());
    });
}

#[test]
fn a_helper_that_fails_is_quoted_without_its_label() {
    let test = "symbolizer::a_helper_that_fails_is_quoted_without_its_label";
    child::alone(test, || {
        let complaining = "cat > /dev/null\necho 'error: there is no debug information' >&2\nexit 1";
        assert_eq!(reason(complaining), "there is no debug information");
        let silent = "cat > /dev/null; exit 3";
        assert_eq!(
            reason(silent),
            "the helper ended with exit status: 3 and said nothing"
        );
        assert!(reason("kill -9 $$").contains("SIGKILL"));
    });
}

#[test]
fn a_helper_that_hangs_up_early_or_talks_garbage_is_no_more_than_an_error() {
    let test = "symbolizer::a_helper_that_hangs_up_early_or_talks_garbage_is_no_more_than_an_error";
    child::alone(test, || {
        for script in [
            "exit 0",
            "exec < /dev/null; cat > /dev/null; exit 0",
            "cat > /dev/null; echo garbage",
            "cat > /dev/null; echo '{\"key\":\"field\"}'",
            "cat > /dev/null; printf '\\377\\000'",
        ] {
            let reason = reason(script);
            assert!(
                reason.starts_with("its answer cannot be read: "),
                "{script}: {reason}"
            );
        }
        // As large as jemalloc's whole heap never is.
        assert_eq!(
            reason("exec cat /dev/zero"),
            "its answer has more than 67108864 bytes"
        );
    });
}

#[test]
fn a_helper_that_cannot_be_started_is_an_error() {
    let test = "symbolizer::a_helper_that_cannot_be_started_is_an_error";
    child::alone(test, || {
        let folder = tempfile::tempdir().expect("a folder");
        let helper = folder.path().join("helper");
        fs::write(&helper, "no program").expect("a file");
        let server = start_recorded(|builder| builder.symbolizer(&helper));
        let (message, code, _) = error(&ask(&server));
        assert_eq!(code, "SYMBOLIZER");
        assert!(message.contains("Permission denied"), "{message}");
    });
}

#[test]
fn a_helper_may_complain_at_length_and_still_answer() {
    let test = "symbolizer::a_helper_may_complain_at_length_and_still_answer";
    child::alone(test, || {
        let complain = "head -c 1000000 /dev/zero | tr '\\0' e >&2";
        let script = format!("cat > /dev/null\n{complain}\ncat << 'END'\n{ANSWER}\nEND");
        let (server, _folder) = start(&script);
        assert_eq!(ask(&server)["data"]["liveHeap"]["bytes"], 1000);
        // What is quoted of it has an end.
        let reason = reason(&format!("cat > /dev/null\n{complain}\nexit 1"));
        assert_eq!(reason, "e".repeat(2048));
    });
}

#[test]
fn one_helper_works_at_a_time() {
    let test = "symbolizer::one_helper_works_at_a_time";
    child::alone(test, || {
        // A folder can be made once: a second helper beside the first would fail.
        let script = format!(
            "mkdir FOLDER/working || exit 1\ncat > /dev/null\nsleep 0.05\nrmdir FOLDER/working\ncat << 'END'\n{ANSWER}\nEND"
        );
        let (server, _folder) = start(&script);
        thread::scope(|scope| {
            let asked: Vec<_> = (0..6).map(|_| scope.spawn(|| ask(&server))).collect();
            for answer in asked {
                let answer = answer.join().expect("no panic");
                assert_eq!(answer["data"]["liveHeap"]["bytes"], 1000, "{answer}");
            }
        });
    });
}

#[test]
fn a_helper_that_nobody_waits_for_is_ended() {
    let test = "symbolizer::a_helper_that_nobody_waits_for_is_ended";
    child::alone(test, || {
        let (server, folder) = start("echo $$ > FOLDER/new\nmv FOLDER/new FOLDER/id\nexec sleep 3600");
        let admin = server.admin.clone();
        let asked = server
            .runtime
            .spawn(async move { admin.live_heap(LiveHeapKey::Field, 20).await });
        let id = folder.path().join("id");
        until("it is started", || id.exists());
        let id = fs::read_to_string(id).expect("it is there");
        asked.abort();
        // Gone, or dead and about to be waited for.
        let stat = format!("/proc/{}/stat", id.trim());
        until("it is ended", || {
            fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
        });
    });
}
