//! Small snapshots, made by hand or drawn at random.

use std::sync::Arc;

use heap_profile::{
    Frame, Function, Label, LabelValue, Line, Location, Mapping, Period, Profile, Program, Sample,
    SampleType, Symbolized, SymbolizedSample,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) const OWN: &str = "/home/ada/shop/src/catalog.rs";
pub(crate) const STD: &str = "/rustc/59807616/library/alloc/src/vec/mod.rs";
pub(crate) const LOADER: &str = "/home/ada/.cargo/registry/src/index-1/engine-7.2.1/src/loader.rs";
pub(crate) const JEMALLOC: &str =
    "/home/ada/shop/target/release/build/tikv-jemalloc-sys-0123456789abcdef/out/build/src/prof.c";
pub(crate) const RUNTIME: &str = "/home/ada/.cargo/registry/src/index-1/tokio-1.54.0/src/runtime/task/raw.rs";

pub(crate) fn text_label(key: &str, value: &str) -> Label {
    Label {
        key: key.into(),
        value: LabelValue::Text(value.into()),
    }
}

pub(crate) fn number_label(key: &str, value: i64) -> Label {
    Label {
        key: key.into(),
        value: LabelValue::Number(value, "".into()),
    }
}

pub(crate) fn kind(kind: &str, unit: &str) -> SampleType {
    SampleType {
        kind: kind.into(),
        unit: unit.into(),
    }
}

/// A frame of a program: function, source file, line.
pub(crate) fn frame(function: &str, file: &str, line: u32) -> Arc<Frame> {
    Arc::new(Frame::of_program(
        function.to_owned(),
        Some(file.to_owned()),
        Some(line),
        false,
    ))
}

/// A snapshot with bytes alone, as jemalloc_pprof writes it.
pub(crate) fn bytes_only(stacks: &[(&[Arc<Frame>], i64)]) -> Symbolized {
    let sample = |(stack, bytes): &(&[Arc<Frame>], i64)| SymbolizedSample {
        stack: (*stack).into(),
        values: vec![*bytes],
        labels: Vec::new(),
    };
    Symbolized {
        sample_types: vec![kind("inuse_space", "bytes")],
        samples: stacks.iter().map(sample).collect(),
        ..Symbolized::default()
    }
}

/// A snapshot with objects and bytes.
pub(crate) fn with_objects(stacks: &[(&[Arc<Frame>], i64, i64)]) -> Symbolized {
    let sample = |(stack, objects, bytes): &(&[Arc<Frame>], i64, i64)| SymbolizedSample {
        stack: (*stack).into(),
        values: vec![*objects, *bytes],
        labels: Vec::new(),
    };
    Symbolized {
        sample_types: vec![kind("inuse_objects", "count"), kind("inuse_space", "bytes")],
        samples: stacks.iter().map(sample).collect(),
        ..Symbolized::default()
    }
}

pub(crate) fn taken_by(mut snapshot: Symbolized, build_id: &str) -> Symbolized {
    snapshot.program = Some(Program {
        file: "/shop".into(),
        build_id: build_id.into(),
    });
    snapshot
}

/// A symbolized snapshot over a few functions, so that two of them have stacks in common.
pub(crate) fn any_snapshot() -> impl Strategy<Value = Symbolized> {
    let pool = [
        frame("shop::list::{closure#0}", OWN, 7),
        frame("shop::list", OWN, 9),
        frame("<alloc::vec::Vec<shop::Item>>::push", STD, 1),
        frame("<engine::Loader<shop::Item>>::load", LOADER, 3),
        frame("engine::parse", LOADER, 4),
        frame(
            "tokio::runtime::task::raw::poll::<shop::list::{closure#0}>",
            RUNTIME,
            5,
        ),
        frame("__rustc::__rust_alloc", OWN, 6),
        Arc::new(Frame::unknown("libc.so.6+0x10")),
    ];
    let stack = vec(proptest::sample::select(pool.to_vec()), 0..6);
    vec((stack, 0..1_000i64, 0..1_000_000_000i64), 0..12).prop_map(|samples| {
        let borrowed: Vec<_> = samples
            .iter()
            .map(|(stack, count, bytes)| (&stack[..], *count, *bytes))
            .collect();
        with_objects(&borrowed)
    })
}

/// A profile with whatever the model can hold.
pub(crate) fn any_profile() -> impl Strategy<Value = Profile> {
    let table = (
        vec(any_mapping(), 0..4),
        vec(any_function(), 0..6),
        vec(any_sample_type(), 1..4),
    );
    table.prop_flat_map(|(mappings, functions, sample_types)| {
        let locations = vec(any_location(mappings.len(), functions.len()), 0..8);
        (Just((mappings, functions, sample_types)), locations).prop_flat_map(
            |((mappings, functions, sample_types), locations)| {
                let samples = vec(any_sample(locations.len(), sample_types.len()), 0..8);
                let rest = (
                    any::<i64>(),
                    any::<i64>(),
                    option::of(any_period()),
                    vec(text(), 0..3),
                    [text(), text(), text()],
                );
                (samples, rest).prop_map(
                    move |(
                        samples,
                        (time_nanos, duration_nanos, period, comments, [default, account, sdl]),
                    )| Profile {
                        sample_types: sample_types.clone(),
                        samples,
                        mappings: mappings.clone(),
                        locations: locations.clone(),
                        functions: functions.clone(),
                        time_nanos,
                        duration_nanos,
                        period,
                        comments,
                        default_sample_type: default.clone(),
                        account: account.clone(),
                        sdl: sdl.clone(),
                    },
                )
            },
        )
    })
}

fn text() -> impl Strategy<Value = Arc<str>> {
    "[a-z<>é]{0,6}".prop_map(Arc::from)
}

fn any_sample_type() -> impl Strategy<Value = SampleType> {
    (text(), text()).prop_map(|(kind, unit)| SampleType { kind, unit })
}

fn any_period() -> impl Strategy<Value = Period> {
    (any_sample_type(), any::<i64>()).prop_map(|(kind, value)| Period { kind, value })
}

fn any_mapping() -> impl Strategy<Value = Mapping> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u64>());
    (numbers, text(), text()).prop_map(|((start, limit, offset), file, build_id)| Mapping {
        start,
        limit,
        offset,
        file,
        build_id,
    })
}

fn any_function() -> impl Strategy<Value = Function> {
    (text(), text(), text(), any::<i64>()).prop_map(|(name, system_name, file, start_line)| Function {
        name,
        system_name,
        file,
        start_line,
    })
}

fn any_location(mappings: usize, functions: usize) -> impl Strategy<Value = Location> {
    let line = (any::<proptest::sample::Index>(), any::<i64>());
    let lines = vec(line, 0..3).prop_map(move |lines| {
        let line = |(index, line): &(proptest::sample::Index, i64)| Line {
            function: index.index(functions),
            line: *line,
        };
        if functions == 0 {
            Vec::new()
        } else {
            lines.iter().map(line).collect()
        }
    });
    let mapping = option::of(any::<proptest::sample::Index>())
        .prop_map(move |index| index.filter(|_| mappings > 0).map(|index| index.index(mappings)));
    (any::<u64>(), mapping, lines).prop_map(|(address, mapping, lines)| Location {
        address,
        mapping,
        lines,
    })
}

fn any_sample(locations: usize, values: usize) -> impl Strategy<Value = Sample> {
    let stack = vec(any::<proptest::sample::Index>(), 0..6).prop_map(move |stack| {
        if locations == 0 {
            Vec::new()
        } else {
            stack.iter().map(|index| index.index(locations)).collect()
        }
    });
    let with_text = "[a-z]{1,5}".prop_map(|text| LabelValue::Text(text.into()));
    let with_number = (any::<i64>(), text()).prop_map(|(number, unit)| LabelValue::Number(number, unit));
    let label = (text(), prop_oneof![with_text, with_number]).prop_map(|(key, value)| Label { key, value });
    (stack, vec(any::<i64>(), values), vec(label, 0..3)).prop_map(|(stack, values, labels)| Sample {
        stack,
        values,
        labels,
    })
}
