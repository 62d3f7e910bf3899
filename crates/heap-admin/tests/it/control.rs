//! What the instrument plants, to check a hunt: known to the byte, told apart from all else, and given back.

use crate::held::{record, text};
use crate::recorded::{error, start_recorded};
use crate::{child, public};
use async_graphql::{BatchRequest, Executor as _, Request};
use futures_util::StreamExt as _;
use heap_admin::{Recorded, Recorder};
use heap_profile::{CONTROL, FIELD, INSTRUMENT, INUSE_OBJECTS, INUSE_SPACE, OPERATION};
use serde_json::{Value, json};
use std::{process::Command, sync::mpsc};

const STATE: &str = "{ bytesPerRequest planted plantedBytes full }";

/// Live objects and bytes that carry the control's label.
fn labelled(recorder: Recorder) -> (i64, i64) {
    let profile = recorder.profile(None).expect("a profile");
    let index = |kind: &str| profile.sample_types.iter().position(|each| &*each.kind == kind);
    let (objects, bytes) = (index(INUSE_OBJECTS), index(INUSE_SPACE));
    let (objects, bytes) = (objects.expect("objects"), bytes.expect("bytes"));
    let rows = profile.samples.iter();
    let rows = rows.filter(|row| text(&row.labels, FIELD) == CONTROL);
    rows.fold((0, 0), |sum, row| {
        assert_eq!(text(&row.labels, OPERATION), INSTRUMENT);
        (sum.0 + row.values[objects], sum.1 + row.values[bytes])
    })
}

fn state(planted: u64, each: u64) -> Value {
    json!({ "bytesPerRequest": each, "planted": planted, "plantedBytes": planted * each, "full": false })
}

#[test]
fn each_execution_leaves_behind_what_is_planted_until_that_is_switched_off() {
    let test = "control::each_execution_leaves_behind_what_is_planted_until_that_is_switched_off";
    // Each allocation is a sample: then the figures are exact.
    let exactly = |binary: &str| {
        let mut command = Command::new(binary);
        command.env("_RJEM_MALLOC_CONF", "lg_prof_sample:0");
        command
    };
    child::run(test, exactly, || {
        let (recorder, public) = (record(), public::start());
        let server = start_recorded(|builder| builder);
        let set = |bytes: i32| {
            let answer = server.ask(&format!(
                "mutation {{ setControl(bytesPerRequest: {bytes}) {STATE} }}"
            ));
            answer["data"]["setControl"].clone()
        };
        let now = || server.ask(&format!("{{ control {STATE} }}"))["data"]["control"].clone();
        public.ask("query Letters { a }");
        assert_eq!((now(), labelled(recorder)), (state(0, 0), (0, 0)));
        assert_eq!(set(100), state(0, 112));
        for _ in 0..5000 {
            public.ask("query Letters { a }");
        }
        let shop = Recorded::new(crate::shop::builder(mpsc::channel().0).finish());
        let batch = BatchRequest::Batch(vec![Request::new("{ a }"), Request::new("{ b }")]);
        public.runtime.block_on(shop.execute_batch(batch));
        let stream = shop.execute_stream(Request::new("subscription { isInstrument }"), None);
        public.runtime.block_on(stream.collect::<Vec<_>>());
        assert_eq!(now(), state(5003, 112));
        assert_eq!(labelled(recorder), (5003, 5003 * 112));
        assert_eq!(set(4096), state(0, 4096), "what was planted before is freed");
        public.ask("query Letters { a }");
        assert_eq!(labelled(recorder), (1, 4096));
        assert_eq!(set(0), state(0, 0));
        public.ask("query Letters { a }");
        assert_eq!((now(), labelled(recorder)), (state(0, 0), (0, 0)));
    });
}

#[test]
fn sizes_out_of_bounds_are_refused_and_change_nothing() {
    let test = "control::sizes_out_of_bounds_are_refused_and_change_nothing";
    child::alone(test, || {
        let server = start_recorded(|builder| builder);
        let set = |bytes: i32| {
            server.ask(&format!(
                "mutation {{ setControl(bytesPerRequest: {bytes}) {STATE} }}"
            ))
        };
        assert_eq!(set(16)["data"]["setControl"], state(0, 16));
        for bytes in [1, 15, 4097, -1, i32::MAX, i32::MIN] {
            let (message, code, _) = error(&set(bytes));
            assert_eq!(code, "BAD_USER_INPUT", "{bytes}");
            assert_eq!(
                message,
                format!("bytesPerRequest is 0, or between 16 and 4096, not {bytes}")
            );
        }
        let now = server.ask(&format!("{{ control {STATE} }}"));
        assert_eq!(now["data"]["control"], state(0, 16));
    });
}
