//! The admin door of a service that has a recorder, and of one that has none.

use crate::held::{assert_covers, record};
use crate::server::{Server, start, start_with};
use crate::shop::{self, COVER, keep};
use crate::{child, public};
use heap_admin::{HeapAdminBuilder, Limits, Recorder};
use heap_profile::{ALLOC_SPACE, INUSE_SPACE, Profile};
use heap_recorder::Operation;
use serde_json::Value;
use std::{process::Command, sync::mpsc, thread};

pub(crate) fn sdl() -> String {
    shop::builder(mpsc::channel().0).finish().sdl()
}

/// A door that asks a recorder, and is built as `change` says.
pub(crate) fn start_recorded(change: impl FnOnce(HeapAdminBuilder) -> HeapAdminBuilder) -> Server {
    let recorder = Recorder::builder().start();
    start_with(|builder, folder| {
        let builder = builder.snapshots(folder.path(), Limits::default());
        change(builder.recorder(recorder).schema(sdl()))
    })
}

/// A message, its code and its hint.
pub(crate) fn error(answer: &Value) -> (String, String, String) {
    let error = &answer["errors"][0];
    let part = |part: &Value| part.as_str().unwrap_or_default().to_owned();
    let (code, hint) = (&error["extensions"]["code"], &error["extensions"]["hint"]);
    (part(&error["message"]), part(code), part(hint))
}

pub(crate) fn keep_under(operation: &str, covers: usize) {
    Operation::named(operation).label().within(|| keep(covers));
}

fn fetch(server: &Server, path: &str) -> Profile {
    let answer = server.get(path);
    assert_eq!(answer.status, 200, "{path}");
    Profile::decode(&answer.body).expect("a profile")
}

#[test]
fn the_profiler_tells_of_the_recorder() {
    let test = "recorded::the_profiler_tells_of_the_recorder";
    child::alone(test, || {
        let server = start_recorded(|builder| builder);
        keep(10);
        let document = "{ profiler { active recording sampleInterval unwinder liveSamples ownBytes \
            dropped { samples stacks labels } cohort message hint } }";
        let profiler = &server.ask(document)["data"]["profiler"];
        assert_eq!(
            (&profiler["active"], &profiler["recording"]),
            (&true.into(), &true.into())
        );
        assert_eq!(profiler["sampleInterval"], 1 << 14);
        assert_eq!(profiler["unwinder"], "FRAME_POINTERS");
        assert!(
            profiler["liveSamples"]
                .as_u64()
                .is_some_and(|samples| samples >= 10)
        );
        assert!(profiler["ownBytes"].as_u64().is_some_and(|bytes| bytes > 0));
        let none = serde_json::json!({ "samples": 0, "stacks": 0, "labels": 0 });
        assert_eq!(profiler["dropped"], none);
        assert_eq!(
            profiler["message"],
            "the heap profiler samples every 16384 bytes on average; stacks are taken by frame pointers"
        );
        assert!(profiler["hint"].is_null(), "{profiler}");
        for cohort in 0..2 {
            assert_eq!(server.ask(document)["data"]["profiler"]["cohort"], cohort);
            server.take("");
        }
    });
}

#[test]
fn the_sampling_interval_is_set_to_a_power_of_two_and_to_nothing_else() {
    let test = "recorded::the_sampling_interval_is_set_to_a_power_of_two_and_to_nothing_else";
    child::alone(test, || {
        let server = start_recorded(|builder| builder);
        let set = |bytes: i32| {
            server.ask(&format!(
                "mutation {{ setSampleInterval(bytes: {bytes}) {{ sampleInterval }} }}"
            ))
        };
        let now = |server: &Server| {
            server.ask("{ profiler { sampleInterval } }")["data"]["profiler"]["sampleInterval"].clone()
        };
        for bytes in [8192, 256, 1 << 30, 1 << 13] {
            assert_eq!(set(bytes)["data"]["setSampleInterval"]["sampleInterval"], bytes);
            assert_eq!(now(&server), bytes);
        }
        for bytes in [0, -1, 3, 100, 128, i32::MAX, i32::MIN] {
            let (message, code, _) = error(&set(bytes));
            assert_eq!(code, "BAD_USER_INPUT", "{bytes}");
            let expected =
                format!("a sampling interval is a power of two from 256 to 1073741824 bytes, not {bytes}");
            assert_eq!(message, expected);
        }
        assert_eq!(now(&server), 8192);
        // By a new thread: this one may still wait for what the coarsest interval drew.
        let keep = || {
            keep(16);
            keep_under("Kept", 8);
        };
        thread::spawn(keep).join().expect("no panic");
        let recorder = Recorder::running().expect("it was started");
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("", "", 16), ("Kept", "", 8)]);
    });
}

#[test]
fn a_snapshot_has_all_that_a_comparison_needs_and_opens_a_cohort() {
    let test = "recorded::a_snapshot_has_all_that_a_comparison_needs_and_opens_a_cohort";
    child::alone(test, || {
        let (server, public) = (start_recorded(|builder| builder), public::start());
        public.ask("query Kept { keep(covers: 4) }");
        let taken = server.take("(name: \"kept\")");
        let profile = fetch(&server, taken["url"].as_str().expect("a url"));
        assert_eq!(profile.schema(), Some(sdl().as_str()));
        assert_covers(&profile, &[("Kept", "", 2 * 4)]);
        let info = profile.info().expect("this version").expect("an info");
        assert_eq!(info.sample_interval, 1 << 14);
        assert!(info.memory["live"] >= (8 * COVER) as u64, "{info:?}");
        assert!(info.process.starts_with(&format!("{}@", std::process::id())));
        let numbers: Vec<_> = info.cohorts.iter().map(|cohort| cohort.number).collect();
        assert_eq!(numbers, [0, 1]);
        assert_eq!(info.cohorts[0].operations["Kept"].completed, 1);
    });
}

#[test]
fn the_two_fresh_profiles_differ_in_what_is_shown_first_and_open_no_cohort() {
    let test = "recorded::the_two_fresh_profiles_differ_in_what_is_shown_first_and_open_no_cohort";
    child::alone(test, || {
        let (recorder, server) = (record(), start_recorded(|builder| builder));
        keep_under("Kept", 4);
        let heap = fetch(&server, "/debug/pprof/heap");
        let allocs = fetch(&server, "/debug/pprof/allocs");
        assert_eq!(&*heap.default_sample_type, INUSE_SPACE);
        assert_eq!(&*allocs.default_sample_type, ALLOC_SPACE);
        assert_eq!(heap.sample_types, allocs.sample_types);
        assert_eq!((&heap.mappings, &heap.period), (&allocs.mappings, &allocs.period));
        for profile in [&heap, &allocs] {
            assert_covers(profile, &[("Kept", "", 4)]);
            assert_eq!(profile.schema(), Some(sdl().as_str()));
            let info = profile.info().expect("this version").expect("an info");
            assert_eq!(info.cohorts.len(), 1, "{info:?}");
        }
        assert_eq!(recorder.status().cohort, 0);
        for (path, file) in [("heap", "heap.pb.gz"), ("allocs", "allocs.pb.gz")] {
            let head = server.head(&format!("/debug/pprof/{path}"));
            assert_eq!(head.status, 200);
            let expected = format!("attachment; filename=\"{file}\"");
            assert_eq!(head.header("content-disposition"), expected);
        }
        assert!(server.files().is_empty());
    });
}

#[test]
fn without_a_recorder_there_are_plain_dumps_and_no_live_heap() {
    let server = start();
    let taken = server.take("");
    let dump = fetch(&server, taken["url"].as_str().expect("a url"));
    assert_eq!(dump.info().expect("nothing is wrong"), None);
    assert_eq!(dump.schema(), None);
    for document in [
        "{ liveHeap(by: OPERATION) { bytes } }",
        "{ liveHeap(by: FIELD) { bytes } }",
        "mutation { setSampleInterval(bytes: 8192) { active } }",
    ] {
        let (message, code, hint) = error(&server.ask(document));
        assert_eq!(code, "PROFILER", "{document}");
        assert!(
            message.starts_with("this service started no recorder"),
            "{message}"
        );
        assert!(hint.contains("heap_recorder::Recorder"), "{hint}");
    }
    let profiler = &server.ask("{ profiler { recording unwinder liveSamples ownBytes cohort } }")["data"];
    let expected = serde_json::json!({
        "recording": false, "unwinder": null, "liveSamples": 0, "ownBytes": 0, "cohort": 0
    });
    assert_eq!(profiler["profiler"], expected);
}

#[test]
fn without_the_profiler_a_service_with_a_recorder_lives_on_and_says_so() {
    let test = "recorded::without_the_profiler_a_service_with_a_recorder_lives_on_and_says_so";
    let command = |binary: &str| {
        let mut command = Command::new(binary);
        command.env("_RJEM_MALLOC_CONF", "prof:false");
        command
    };
    child::run(test, command, || {
        let (server, public) = (start_recorded(|builder| builder), public::start());
        assert_eq!(public.ask("query Letters { a }")["a"], 1);
        let profiler = "{ profiler { active recording unwinder sampleInterval message hint } }";
        let profiler = server.ask(profiler)["data"]["profiler"].take();
        assert_eq!(
            (&profiler["active"], &profiler["recording"]),
            (&false.into(), &false.into())
        );
        assert!(
            profiler["unwinder"].is_null() && profiler["sampleInterval"].is_null(),
            "{profiler}"
        );
        let message = "there is no heap profiler: jemalloc was started without it (prof:false)";
        assert_eq!(profiler["message"], message);
        assert!(
            profiler["hint"]
                .as_str()
                .is_some_and(|hint| hint.contains("prof:true"))
        );
        for document in [
            "mutation { takeSnapshot { id } }",
            "mutation { setSampleInterval(bytes: 8192) { active } }",
            "{ liveHeap(by: OPERATION) { bytes } }",
        ] {
            let (message, code, hint) = error(&server.ask(document));
            assert_eq!(code, "PROFILER", "{document}: {message}");
            assert!(hint.contains("prof:true"), "{document}: {hint}");
        }
        for path in ["/debug/pprof/heap", "/debug/pprof/allocs"] {
            assert_eq!(server.get(path).status, 503);
        }
        assert!(server.ask("{ memoryInfo { live } }")["data"]["memoryInfo"]["live"].is_number());
        assert!(server.files().is_empty());
    });
}
