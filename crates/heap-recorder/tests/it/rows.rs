//! Rows of a profile by their labels, and stacks made to order.

use heap_profile::{INSTRUMENT, INTERVAL, INUSE_OBJECTS, OBJECT_SIZE, OPERATION, Profile, Sample};
use std::hint::black_box;

/// An object of this size is sampled for certain at an interval of 1 KiB: `1 - exp(-64)`.
pub(crate) const SURE: usize = 65_536;

/// The text of a label.
pub(crate) fn text<'a>(row: &'a Sample, key: &str) -> Option<&'a str> {
    row.text(key)
}

/// The number of a label.
pub(crate) fn number(row: &Sample, key: &str) -> Option<i64> {
    row.number(key)
}

/// The sum of one kind of value over the rows that are asked for.
pub(crate) fn sum(profile: &Profile, kind: &str, of: impl Fn(&Sample) -> bool) -> i64 {
    let kinds = &profile.sample_types;
    let index = kinds.iter().position(|each| &*each.kind == kind);
    let index = index.unwrap_or_else(|| panic!("no {kind} in {kinds:?}"));
    let rows = profile.samples.iter().filter(|row| of(row));
    rows.map(|row| row.values[index]).sum()
}

/// How many live objects of the size [`SURE`] there are among the rows that are asked for. The instrument's own are none of
/// them: packing a snapshot takes a buffer of this very size.
pub(crate) fn sure(profile: &Profile, of: impl Fn(&Sample) -> bool) -> i64 {
    sum(profile, INUSE_OBJECTS, |row| {
        number(row, OBJECT_SIZE) == Some(SURE as i64) && text(row, OPERATION) != Some(INSTRUMENT) && of(row)
    })
}

/// How many samples a row of live objects stands for: each is as many objects as it takes to be drawn once.
pub(crate) fn samples(profile: &Profile, row: &Sample) -> u64 {
    let Some(size) = number(row, OBJECT_SIZE) else {
        return 0;
    };
    let period = profile.period.as_ref().expect("a period").value;
    let interval = number(row, INTERVAL).unwrap_or(period);
    let weight = -1.0 / (-(size as f64) / interval as f64).exp_m1();
    (row.values[2] as f64 / weight).round() as u64
}

/// An object of the size [`SURE`]. It is never touched, and so takes no memory.
#[inline(never)]
pub(crate) fn sure_object() -> Vec<u8> {
    black_box(Vec::with_capacity(SURE))
}

/// Calls `work` below `depth` frames that are `one` or `other`, by the bits of `path`: as many stacks as there are
/// paths.
#[inline(never)]
pub(crate) fn below(depth: u32, path: u32, work: &mut dyn FnMut()) {
    match depth {
        0 => work(),
        _ if path & 1 == 0 => one(depth - 1, path >> 1, work),
        _ => other(depth - 1, path >> 1, work),
    }
    black_box(path);
}

#[inline(never)]
fn one(depth: u32, path: u32, work: &mut dyn FnMut()) {
    below(depth, path, work);
    black_box(1);
}

#[inline(never)]
fn other(depth: u32, path: u32, work: &mut dyn FnMut()) {
    below(depth, path, work);
    black_box(2);
}
