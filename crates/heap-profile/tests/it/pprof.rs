//! Reading back what was written, and refusing what is wrong.

use heap_profile::{Error, Location, Profile, Sample};
use proptest::prelude::*;

use crate::support::{any_profile, kind};

proptest! {
    #[test]
    fn what_is_written_is_read_back(profile in any_profile()) {
        let encoded = profile.encode().expect("its indices are right");
        prop_assert_eq!(Profile::decode(&encoded).expect("we wrote it"), profile);
    }
}

fn one_stack() -> Profile {
    Profile {
        sample_types: vec![kind("inuse_space", "bytes")],
        samples: vec![Sample {
            stack: vec![0],
            values: vec![7],
            labels: Vec::new(),
        }],
        locations: vec![Location {
            address: 0x1234,
            ..Location::default()
        }],
        ..Profile::default()
    }
}

#[test]
fn a_file_that_is_no_profile_is_refused_with_the_reason() {
    for (bytes, reason) in [
        (&b""[..], "not a profile: it is empty"),
        (
            b"<!doctype html><title>404</title>",
            "not a profile: its bytes are no protobuf message",
        ),
        (
            b"{\"data\":{}}",
            "not a profile: its bytes are no protobuf message",
        ),
        (
            b"heap_v2/524288\n t*: 1: 2 [0: 0]",
            "not a profile: it is jemalloc's own text format",
        ),
        (
            b"\x1f\x8bsomething else",
            "not a profile: its gzip stream is damaged (invalid gzip header)",
        ),
        (b"pq2 short", "not a profile: its bytes are no protobuf message"),
        (b"\x32\x00", "not a profile: it has no sample types"),
        (
            b"\x32\x01a",
            "not a profile: the first of its strings is not the empty one",
        ),
    ] {
        assert_eq!(
            Profile::decode(bytes).expect_err("it is none").to_string(),
            reason
        );
    }
}

#[test]
fn a_file_that_is_cut_short_says_so_wherever_the_cut_is() {
    let encoded = one_stack().encode().expect("its indices are right");
    for end in 10..encoded.len() {
        let error = Profile::decode(&encoded[..end]).expect_err("its end is missing");
        assert!(matches!(error, Error::CutShort), "cut at {end}: {error}");
    }
}

#[test]
fn an_index_that_leads_nowhere_is_not_written() {
    let mut wrong_location = one_stack();
    wrong_location.samples[0].stack.push(1);
    let mut wrong_mapping = one_stack();
    wrong_mapping.locations[0].mapping = Some(0);
    let mut wrong_values = one_stack();
    wrong_values.samples[0].values.push(1);
    for (profile, reason) in [
        (
            wrong_location,
            "the profile is damaged: location 1 is out of range, it has 1",
        ),
        (
            wrong_mapping,
            "the profile is damaged: mapping 0 is out of range, it has 0",
        ),
        (
            wrong_values,
            "the profile is damaged: a sample has 2 values, expected 1",
        ),
    ] {
        assert_eq!(
            profile.encode().expect_err("an index is wrong").to_string(),
            reason
        );
    }
}

#[test]
fn an_index_that_leads_nowhere_is_not_read() {
    // A sample type, a string, and one part that points at something that is not there.
    let with = |part: &[u8]| Profile::decode(&[b"\x0a\x00\x32\x00", part].concat());
    for (part, reason) in [
        (
            &b"\x12\x05\x0a\x01\x09\x12\x00"[..],
            "the profile is damaged: a sample has 0 values, expected 1",
        ),
        (
            b"\x12\x06\x0a\x01\x09\x12\x01\x01",
            "the profile is damaged: location 9 is out of range, it has 0",
        ),
        (
            b"\x1a\x04\x08\x01\x28\x05",
            "the profile is damaged: string 5 is out of range, it has 1",
        ),
        (
            b"\x22\x04\x08\x01\x10\x03",
            "the profile is damaged: mapping 3 is out of range, it has 0",
        ),
        (
            b"\x22\x06\x08\x01\x22\x02\x08\x04",
            "the profile is damaged: function 4 is out of range, it has 0",
        ),
        (
            b"\x22\x02\x08\x01\x22\x02\x08\x01",
            "the profile is damaged: there are two of location 1",
        ),
        (b"\x22\x00", "not a profile: a location has the id 0"),
        (
            b"\x70\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "the profile is damaged: string -1 is out of range, it has 1",
        ),
    ] {
        assert_eq!(
            with(part).expect_err("a part is wrong").to_string(),
            reason,
            "{part:?}"
        );
    }
}
