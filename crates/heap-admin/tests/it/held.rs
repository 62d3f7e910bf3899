//! What a recorder knows of the shop: kept covers by label, and requests by operation.

use crate::shop::COVER;
use heap_admin::Recorder;
use heap_profile::{
    FIELD, Label, LabelValue, LiveHeapKey, OBJECT_SIZE, OPERATION, Profile, Requests, SnapshotInfo,
};
use std::{collections::BTreeMap, thread::sleep, time::Duration};

pub(crate) fn record() -> Recorder {
    let recorder = Recorder::builder().start();
    let status = recorder.status();
    assert!(
        matches!(status.recording, heap_recorder::Recording::On(_)),
        "{status}"
    );
    recorder
}

pub(crate) fn text<'a>(labels: &'a [Label], key: &str) -> &'a str {
    let text = labels.iter().find_map(|label| match &label.value {
        LabelValue::Text(text) if *label.key == *key => Some(&**text),
        _ => None,
    });
    text.unwrap_or_default()
}

fn is_cover(labels: &[Label]) -> bool {
    let mut sizes = labels.iter().filter(|label| *label.key == *OBJECT_SIZE);
    sizes.any(|label| matches!(label.value, LabelValue::Number(size, _) if size == COVER as i64))
}

/// Asserts which covers are live by operation and field ("" for none), and that there are no others. Each
/// figure may be five standard errors off, of some hundred bytes: one cover that is missing is far beyond.
#[track_caller]
pub(crate) fn assert_covers(profile: &Profile, expected: &[(&str, &str, usize)]) {
    let mut parts: BTreeMap<(&str, &str), Profile> = BTreeMap::new();
    for row in profile.samples.iter().filter(|row| is_cover(&row.labels)) {
        let key = (text(&row.labels, OPERATION), text(&row.labels, FIELD));
        let part = parts.entry(key).or_insert_with(|| Profile {
            sample_types: profile.sample_types.clone(),
            period: profile.period.clone(),
            ..Profile::default()
        });
        part.samples.push(row.clone());
    }
    let found = parts.iter().map(|((operation, field), part)| {
        let heap = heap_profile::live_heap(part, LiveHeapKey::Operation, 1).expect("live bytes");
        let error = heap.standard_error_bytes.expect("sizes and an interval");
        (*operation, *field, heap.bytes as f64, error)
    });
    let found: Vec<_> = found.collect();
    let mut expected: Vec<_> = expected.iter().filter(|(.., covers)| *covers > 0).collect();
    expected.sort();
    assert_eq!(expected.len(), found.len(), "{expected:?}: {found:?}");
    for ((operation, field, covers), found) in expected.into_iter().zip(&found) {
        assert_eq!((*operation, *field), (found.0, found.1), "{found:?}");
        let off = (found.2 - (covers * COVER) as f64).abs();
        assert!(off <= 5.0 * found.3, "{covers} covers: {found:?}");
    }
}

/// What an operation did in all cohorts together.
pub(crate) fn requests(info: &SnapshotInfo, operation: &str) -> Requests {
    let mut sum = Requests::default();
    let all = info.cohorts.iter();
    for requests in all.filter_map(|cohort| cohort.operations.get(operation)) {
        sum.started += requests.started;
        sum.completed += requests.completed;
        sum.cancelled += requests.cancelled;
        sum.events += requests.events;
    }
    sum
}

pub(crate) fn info(recorder: Recorder) -> SnapshotInfo {
    let profile = recorder.profile(None).expect("a profile");
    profile.info().expect("this version").expect("an info")
}

/// Requests that were started, completed and cancelled, and events.
pub(crate) fn counted(started: u64, completed: u64, cancelled: u64, events: u64) -> Requests {
    Requests {
        started,
        completed,
        cancelled,
        events,
    }
}

/// Looks until something is so. The other side is a server that is told by the kernel that a client is gone.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..20_000 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(1));
    }
    panic!("never: {what}");
}
