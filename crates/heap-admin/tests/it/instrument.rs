//! What the door allocates for itself goes by the instrument's label, and what it has the service do does not.

use crate::held::{assert_covers, record, text};
use crate::recorded::start_recorded;
use crate::server::Server;
use crate::{child, public, shop};
use heap_admin::door::{Door, Hosts};
use heap_admin::{HeapAdmin, Recorder};
use heap_profile::{ALLOC_SPACE, INSTRUMENT, INUSE_SPACE, OPERATION};
use heap_recorder::Label;
use std::{collections::BTreeMap, process::Command, sync::mpsc};

/// The admin door with the shop's schema behind it, whose resolvers tell their label.
fn tell_tale() -> public::Public {
    let runtime = public::runtime();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let (began, begins) = mpsc::channel();
    let admin = HeapAdmin::builder().build().expect("the defaults");
    let schema = shop::builder(began).finish();
    let router = heap_admin::router(schema, admin, Door::new("test", Hosts::Own(address)));
    runtime.spawn(async move { axum::serve(listener, router).await });
    public::Public {
        address,
        runtime,
        begins,
    }
}

#[test]
fn what_the_admin_door_executes_is_the_instruments_own_also_in_a_socket() {
    let tale = tell_tale();
    assert_eq!(tale.ask("{ isInstrument }")["isInstrument"], true);
    let mut socket = tale.socket();
    for kind in ["query", "subscription"] {
        let answers = socket.answers(&format!("{kind} {{ isInstrument }}"));
        assert_eq!(answers[0]["data"]["isInstrument"], true, "{kind}");
    }
    assert_eq!(tale.labels_on_workers(), [Label::NONE; 2]);
}

#[test]
fn what_a_public_door_executes_is_not_the_instruments() {
    for public in [public::start(), public::serve(|shop| shop)] {
        assert_eq!(public.ask("{ isInstrument }")["isInstrument"], false);
        let mut socket = public.socket();
        let answers = socket.answers("subscription { isInstrument }");
        assert_eq!(answers[0]["data"]["isInstrument"], false);
    }
}

#[test]
fn what_a_cache_keeps_in_its_maintenance_is_the_services_own() {
    let test = "instrument::what_a_cache_keeps_in_its_maintenance_is_the_services_own";
    child::alone(test, || {
        let recorder = record();
        let server = start_recorded(|builder| builder.quiesce(|| shop::keep(3)));
        server.take("");
        assert_eq!(server.get("/debug/pprof/heap").status, 200);
        server.ask("mutation { memoryInfo { live } }");
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("", "", 3 * 3)]);
    });
}

/// All that the door can be asked for, and some that it cannot. What takes a fifth of a second is asked for a tenth as often.
fn ask_for_everything(server: &Server, round: usize) {
    if round.is_multiple_of(10) {
        server.ask("mutation { setSampleInterval(bytes: 4096) { active } }");
    }
    for document in [
        "{ memoryInfo { live rss } profiler { message } snapshots { id memory { live } } }",
        "{ liveHeap(by: OPERATION) { rows { key } } cohorts: liveHeap(by: COHORT) { rows { key } } }",
        "{ liveHeap(by: FIELD) { bytes } }",
        "{ nothing }",
        "mutation { memoryInfo { live } }",
        "mutation { deleteSnapshot(id: \"none\") }",
        "mutation { setControl(bytesPerRequest: 0) { planted } }",
    ] {
        server.ask(document);
    }
    let taken = server.take("(name: \"everything\")");
    let url = taken["url"].as_str().expect("a url");
    for path in [
        url,
        "/debug/pprof/heap",
        "/debug/pprof/allocs",
        "/graphql",
        "/none",
    ] {
        server.get(path);
    }
    let id = taken["id"].as_str().expect("an id");
    server.ask(&format!("mutation {{ deleteSnapshot(id: \"{id}\") }}"));
}

/// Live bytes, and bytes allocated since the start, by operation ("" for none).
fn figures(recorder: Recorder) -> BTreeMap<String, (i64, i64)> {
    let profile = recorder.profile(None).expect("a profile");
    let index = |kind: &str| profile.sample_types.iter().position(|each| &*each.kind == kind);
    let (live, allocated) = (
        index(INUSE_SPACE).expect("live"),
        index(ALLOC_SPACE).expect("all"),
    );
    let mut figures = BTreeMap::new();
    for row in &profile.samples {
        let operation = text(&row.labels, OPERATION).to_owned();
        let sum: &mut (i64, i64) = figures.entry(operation).or_default();
        sum.0 += row.values[live];
        sum.1 += row.values[allocated];
    }
    figures
}

#[test]
fn what_the_door_allocates_is_the_instruments_own_or_given_back() {
    let test = "instrument::what_the_door_allocates_is_the_instruments_own_or_given_back";
    let finely = |binary: &str| {
        let mut command = Command::new(binary);
        command
            .env("_RJEM_MALLOC_CONF", "lg_prof_sample:12")
            .env("PATH", "");
        command
    };
    child::run(test, finely, || {
        let (recorder, public) = (record(), public::start());
        public.ask("query Letters { a }");
        let server = start_recorded(|builder| builder.symbolizer("/there/is/none"));
        for round in 0..10 {
            ask_for_everything(&server, round);
        }
        let before = figures(recorder);
        for round in 0..100 {
            ask_for_everything(&server, round);
        }
        // The other requests' operation has no part in it, and the door made up none.
        for (operation, (live, allocated)) in figures(recorder) {
            let (live_before, allocated_before) = before.get(&operation).copied().unwrap_or_default();
            let (kept, allocated) = (live - live_before, allocated - allocated_before);
            println!("{operation:?} allocated {allocated} bytes and kept {kept}");
            match operation.as_str() {
                // Of 1,400 requests: whatever each of them kept would be some multiple of that.
                "" => assert!(kept < 256 * 1024),
                INSTRUMENT => assert!(kept < 256 * 1024 && allocated > 6 << 20),
                _ => assert_eq!((operation.as_str(), kept, allocated), ("Letters", 0, 0)),
            }
        }
    });
}
