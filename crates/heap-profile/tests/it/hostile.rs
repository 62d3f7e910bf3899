//! Files made to hurt: whatever the bytes, there is an answer, and it does not cost more memory than is stated.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use heap_profile::{
    ComparisonKey, Error, Function, Line, Location, MAX_DECODED_BYTES, MAX_FRAMES, MAX_RECORDS, MAX_VALUES,
    Profile, Sample, Symbolizer, compare, render,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::any_profile;

/// Everything that the library does with a file from outside.
fn use_it(bytes: &[u8]) {
    let Ok(profile) = Profile::decode(bytes) else {
        return;
    };
    let again = profile.encode().and_then(|encoded| Profile::decode(&encoded));
    assert_eq!(again.expect("what was read can be written"), profile);
    let Ok(symbolized) = Symbolizer::new().symbolize(&profile) else {
        return;
    };
    if let Ok(comparison) = compare(&[("a", &symbolized), ("b", &symbolized)]) {
        assert_eq!(comparison.changed().count(), 0);
        render::table(&comparison, 20);
        render::json(&comparison, 20);
        for key in [ComparisonKey::Site, ComparisonKey::Field, ComparisonKey::Ancestor] {
            assert_eq!(comparison.view(key, 20).rows, []);
            render::view_markdown(&comparison, key, 20);
        }
        render::flame_difference(&symbolized, &symbolized, "hostile").expect("it has live bytes");
        render::flame_graph(&symbolized, "hostile")
            .expect("it has live bytes, or else there is no comparison");
    }
}

/// The message inside of the gzip stream, where mutations reach the decoder.
fn raw(profile: &Profile) -> Vec<u8> {
    let encoded = profile.encode().expect("its indices are right");
    let mut raw = Vec::new();
    let mut unzip = flate2::write::GzDecoder::new(&mut raw);
    unzip
        .write_all(&encoded)
        .and_then(|()| unzip.try_finish())
        .expect("we zipped it");
    drop(unzip);
    raw
}

/// With the sample type that comparing needs, so that mutated files get as far as that.
fn live(mut profile: Profile) -> Profile {
    profile.sample_types[0].kind = "inuse_space".into();
    profile
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        use_it(&bytes);
        use_it(&[&[0x1f, 0x8b][..], &bytes].concat());
        use_it(&[&b"\x0a\x04\x08\x01\x10\x02\x32\x00\x32\x0binuse_space\x32\x05bytes"[..], &bytes].concat());
    }

    #[test]
    fn mutated_profiles_never_panic(
        profile in any_profile(),
        changes in vec((any::<Index>(), any::<u8>()), 0..6),
        cut in option_of_cut(),
    ) {
        let mut bytes = raw(&live(profile));
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        use_it(&bytes);
    }
}

fn option_of_cut() -> impl Strategy<Value = Option<Index>> {
    proptest::option::of(any::<Index>())
}

fn zipped(chunk: &[u8], times: usize) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..times {
        zip.write_all(chunk).expect("a Vec takes all");
    }
    zip.finish().expect("a Vec takes all")
}

#[test]
fn a_small_file_that_unpacks_to_a_huge_one_is_refused() {
    let bomb = zipped(&[0x32; 1 << 20], (MAX_DECODED_BYTES >> 20) + 1);
    assert!(bomb.len() < MAX_DECODED_BYTES / 50, "it is a bomb");
    assert!(matches!(
        Profile::decode(&bomb),
        Err(Error::TooBig {
            limit: MAX_DECODED_BYTES
        })
    ));
}

#[test]
fn more_parts_than_memory_is_meant_for_are_refused() {
    // Two bytes each on the wire, and 72 in memory.
    let samples = zipped(&b"\x12\x00".repeat(1 << 16), (MAX_RECORDS >> 16) + 1);
    assert!(matches!(
        Profile::decode(&samples),
        Err(Error::TooMany {
            limit: MAX_RECORDS,
            ..
        })
    ));
    let mut labels = vec![0x12, 0x80, 0x80, 0x40];
    labels.extend(b"\x1a\x00".repeat(1 << 19));
    let samples = zipped(&labels, (MAX_RECORDS >> 19) + 1);
    assert!(matches!(
        Profile::decode(&samples),
        Err(Error::TooMany {
            limit: MAX_RECORDS,
            ..
        })
    ));
}

#[test]
fn more_values_than_memory_is_meant_for_are_refused() {
    let mut packed = vec![0x12, 0x84, 0x80, 0x40, 0x0a, 0x80, 0x80, 0x40];
    packed.extend([1; 1 << 20]);
    let samples = zipped(&packed, (MAX_VALUES >> 20) + 1);
    assert!(matches!(
        Profile::decode(&samples),
        Err(Error::TooMany {
            limit: MAX_VALUES,
            ..
        })
    ));
}

#[test]
fn the_frames_of_all_rows_are_bounded_though_rows_share_their_stack() {
    let line = Line { function: 0, line: 1 };
    let stack = vec![0; 1 << 10];
    let most = MAX_FRAMES >> 20;
    let mut profile = Profile {
        samples: vec![
            Sample {
                stack,
                ..Sample::default()
            };
            most
        ],
        locations: vec![Location {
            lines: vec![line; 1 << 10],
            ..Location::default()
        }],
        functions: vec![Function::default()],
        ..Profile::default()
    };
    let symbolized = Symbolizer::new().symbolize(&profile);
    assert_eq!(symbolized.expect("just as many").samples.len(), most);
    profile.samples.push(Sample {
        stack: vec![0],
        ..Sample::default()
    });
    assert!(matches!(
        Symbolizer::new().symbolize(&profile),
        Err(Error::TooMany {
            limit: MAX_FRAMES,
            ..
        })
    ));
}

#[test]
fn a_stack_of_a_million_frames_is_drawn_without_overflowing_ours() {
    let mut profile = Profile {
        sample_types: vec![crate::support::kind("inuse_space", "bytes")],
        locations: vec![heap_profile::Location::default(); 1],
        ..Profile::default()
    };
    let sample = heap_profile::Sample {
        stack: vec![0; 1_000_000],
        values: vec![i64::MAX],
        labels: Vec::new(),
    };
    profile.samples = vec![sample.clone(), sample];
    use_it(&profile.encode().expect("its indices are right"));
}

/// Where a gzip stream ends too early, wherever that is, the file is cut short, and no part of it is taken for all.
#[test]
fn a_gzip_stream_that_ends_anywhere_too_early_is_refused() {
    let mut profile = Profile {
        sample_types: vec![crate::support::kind("inuse_space", "bytes")],
        ..Profile::default()
    };
    profile.comments = (0..50).map(|n| format!("comment {n}").into()).collect();
    let whole = profile.encode().expect("it has no indices");
    for len in 2..whole.len() {
        let error = Profile::decode(&whole[..len]).expect_err("it is cut short");
        assert!(
            matches!(error, Error::CutShort | Error::NotAProfile { .. }),
            "{len}: {error}"
        );
    }
}

/// A field that says it is as long as that. What is allocated for it is what is there.
#[test]
fn a_length_of_gigabytes_costs_nothing() {
    let sample_type: &[u8] = b"\x0a\x04\x08\x01\x10\x02";
    for len in [u64::from(u32::MAX), 1 << 32, 1 << 40, u64::MAX >> 1, u64::MAX] {
        let mut varint = Vec::new();
        let mut rest = len;
        while rest >= 0x80 {
            varint.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        varint.push(rest as u8);
        // Of a sample, of a string, of our own fields; of packed values within a sample.
        for key in [&b"\x12"[..], b"\x32", b"\xea\xbb\x03", b"\xf2\xbb\x03"] {
            let bytes = [sample_type, key, &varint, b"few"].concat();
            let error = Profile::decode(&bytes).expect_err("it is not that long");
            assert!(
                matches!(error, Error::CutShort | Error::NotAProfile { .. }),
                "{len}: {error}"
            );
        }
        let inner = [&b"\x12"[..], &varint, b"few"].concat();
        let bytes = [sample_type, b"\x12", &[inner.len() as u8], &inner].concat();
        let error = Profile::decode(&bytes).expect_err("it is not that long");
        assert!(matches!(error, Error::NotAProfile { .. }), "{len}: {error}");
    }
}

/// Parts that point at what is not there, or at each other: ids of the format can form no circle, since each part only
/// points at parts of another kind. Whatever they point at, they have to find it.
#[test]
fn parts_that_point_nowhere_are_refused() {
    let strings = b"\x32\x00\x32\x0binuse_space\x32\x05bytes";
    let sample_type = b"\x0a\x04\x08\x01\x10\x02";
    for (what, part) in [
        ("a location of a sample", &b"\x12\x04\x08\x09\x10\x01"[..]),
        ("a mapping of a location", b"\x22\x04\x08\x01\x10\x09"),
        ("a function of a line", b"\x22\x06\x08\x01\x22\x02\x08\x09"),
        ("a string of a function", b"\x2a\x04\x08\x01\x10\x09"),
        (
            "a string before the first",
            b"\x2a\x0d\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ),
        ("a key of a label", b"\x12\x06\x10\x01\x1a\x02\x08\x09"),
        ("a comment", b"\x68\x09"),
    ] {
        let bytes = [&sample_type[..], part, strings].concat();
        let error = Profile::decode(&bytes).expect_err(what);
        assert!(matches!(error, Error::OutOfRange { .. }), "{what}: {error}");
    }
    let twice = [&sample_type[..], b"\x22\x02\x08\x01\x22\x02\x08\x01", strings].concat();
    assert!(matches!(Profile::decode(&twice), Err(Error::Repeated { .. })));
}

/// Each of many stacks has many functions of the program's own: what is weighed against each other is bounded.
#[test]
fn stacks_of_ten_thousand_functions_are_compared() {
    let functions = 10_000;
    let function = |n: usize| heap_profile::Function {
        name: format!("shop::f{n}").into(),
        file: "/shop/src/lib.rs".into(),
        ..heap_profile::Function::default()
    };
    let location = |n: usize| heap_profile::Location {
        lines: vec![heap_profile::Line { function: n, line: 1 }],
        ..heap_profile::Location::default()
    };
    let profile = |bytes: i64| Profile {
        sample_types: vec![crate::support::kind("inuse_space", "bytes")],
        functions: (0..functions).map(function).collect(),
        locations: (0..functions).map(location).collect(),
        samples: (0..50)
            .map(|turn| heap_profile::Sample {
                stack: (0..functions).map(|n| (n + turn * 7) % functions).collect(),
                values: vec![bytes],
                labels: Vec::new(),
            })
            .collect(),
        ..Profile::default()
    };
    let [before, after] = [1, 2].map(|bytes| {
        Symbolizer::new()
            .symbolize(&profile(bytes))
            .expect("it has names")
    });
    let comparison = compare(&[("a", &before), ("b", &after)]).expect("they fit");
    assert_eq!(comparison.growth.bytes, 50);
    assert!(comparison.view(ComparisonKey::Ancestor, usize::MAX).rows_in_all <= 128);
}
