//! The live heap by each key, and names for those who have no binary.

use heap_profile::{
    COHORT, Error, FIELD, Frame, Function, INSTRUMENT, INTERVAL, Line, LiveHeap, LiveHeapKey, Location,
    Mapping, OBJECT_SIZE, OPERATION, Period, Profile, STACK, Sample, Symbolized, Symbolizer, live_heap,
    live_heap_named,
};
use proptest::prelude::*;

use crate::support::{OWN, STD, any_profile, any_snapshot, kind, number_label, text_label};

/// A row as the recorder writes it: operation, cohort, stack, size, live objects.
fn row(operation: &str, cohort: i64, stack: i64, size: i64, objects: i64) -> Sample {
    let labels = vec![
        text_label(OPERATION, operation),
        number_label(COHORT, cohort),
        number_label(STACK, stack),
        number_label(OBJECT_SIZE, size),
    ];
    Sample {
        stack: vec![usize::from(stack != 1)],
        values: vec![objects, objects * size, objects, objects * size],
        labels,
    }
}

/// A shop with two stacks, an instrument, and a row of cumulative values; symbolized already.
fn shop() -> Profile {
    let function = |name: &str, file: &str| Function {
        name: name.into(),
        file: file.into(),
        ..Function::default()
    };
    let line = |function| Line { function, line: 7 };
    let cumulative = Sample {
        stack: vec![0],
        values: vec![900, 9_000_000, 0, 0],
        labels: vec![text_label(OPERATION, "Hello"), number_label(STACK, 1)],
    };
    let mut without_operation = row("", 2, 2, 32, 1);
    without_operation.labels.remove(0);
    Profile {
        sample_types: ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]
            .map(|each| kind(each, if each.ends_with("space") { "bytes" } else { "count" }))
            .to_vec(),
        samples: vec![
            row("Hello", 1, 1, 1024, 10),
            row("Hello", 2, 1, 1024, 5),
            row("Books", 2, 2, 64, 1_000),
            row(INSTRUMENT, 2, 2, 4096, 3),
            without_operation,
            cumulative,
        ],
        mappings: vec![Mapping {
            file: "/nowhere/shop".into(),
            ..Mapping::default()
        }],
        locations: [vec![line(0), line(1), line(2)], vec![line(3)]]
            .map(|lines| Location {
                mapping: Some(0),
                lines,
                ..Location::default()
            })
            .to_vec(),
        functions: vec![
            function("<alloc::vec::Vec<shop::Item>>::push", STD),
            function("<shop::Query>::hello::{closure#0}", OWN),
            function("<shop::Query>::__hello_resolver::{closure#0}", OWN),
            function("<alloc::string::String>::with_capacity", STD),
        ],
        period: Some(Period {
            kind: kind("space", "bytes"),
            value: 2_048,
        }),
        ..Profile::default()
    }
}

fn by(key: LiveHeapKey, profile: &Profile) -> LiveHeap {
    let symbolized = Symbolizer::new().symbolize(profile).expect("it has names");
    live_heap_named(&symbolized, key, 20).expect("it has live bytes")
}

fn rows(heap: &LiveHeap) -> Vec<(&str, i64, i64)> {
    heap.rows
        .iter()
        .map(|row| (row.key.as_str(), row.objects, row.bytes))
        .collect()
}

const HELLO: i64 = 15 * 1024;
const BOOKS: i64 = 64_000;
const OWN_BYTES: i64 = 3 * 4096;

#[test]
fn operations_and_cohorts_need_no_names_and_the_instrument_is_kept_apart() {
    let shop = shop();
    let heap = live_heap(&shop, LiveHeapKey::Operation, 20).expect("it has live bytes");
    assert_eq!(rows(&heap), [("Books", 1_000, BOOKS), ("Hello", 15, HELLO)]);
    assert_eq!((heap.instrument_bytes, heap.unattributed_bytes), (OWN_BYTES, 32));
    assert_eq!(heap.bytes, HELLO + BOOKS + OWN_BYTES + 32);
    assert_eq!(by(LiveHeapKey::Operation, &shop), heap);
    let heap = live_heap(&shop, LiveHeapKey::Cohort, 1).expect("it has live bytes");
    assert_eq!(rows(&heap), [("2", 1_006, BOOKS + 5 * 1024 + 32)]);
    assert_eq!((heap.rows_in_all, heap.unattributed_bytes), (2, 0));
    let error = live_heap(&shop, LiveHeapKey::Type, 20).expect_err("it needs names");
    assert!(matches!(error, Error::NeedsNames { key: "type" }), "{error}");
}

#[test]
fn fields_types_and_stacks_are_read_from_names() {
    let mut shop = shop();
    assert!(matches!(
        live_heap_named(
            &Symbolizer::new().symbolize(&shop).expect("it has names"),
            LiveHeapKey::Field,
            9
        ),
        Err(Error::NoSchema)
    ));
    shop.set_schema("type Query { hello: String! }");
    shop.samples[2].labels.push(text_label(FIELD, "Book.title"));
    let heap = by(LiveHeapKey::Field, &shop);
    assert_eq!(
        rows(&heap),
        [("Book.title", 1_000, BOOKS), ("Query.hello", 15, HELLO)]
    );
    assert_eq!((heap.instrument_bytes, heap.unattributed_bytes), (OWN_BYTES, 32));
    let heap = by(LiveHeapKey::Type, &shop);
    assert_eq!(
        rows(&heap),
        [("String", 1_001, BOOKS + 32), ("Vec<Item>", 15, HELLO)]
    );
    let heap = by(LiveHeapKey::Stack, &shop);
    assert_eq!(rows(&heap), [("2", 1_001, BOOKS + 32), ("1", 15, HELLO)]);
    let place = "ada/shop/src/catalog.rs:7";
    let expected = ["hello", "__hello_resolver"].map(|name| format!("shop::Query::{name} ({place})"));
    assert_eq!(heap.rows[1].frames, expected);
    assert_eq!(
        heap.rows[0].frames,
        ["alloc::string::String::with_capacity (alloc/src/vec/mod.rs:7)"]
    );
}

#[test]
fn types_keep_what_tells_them_apart() {
    let mut shop = shop();
    shop.functions[3].name = "<alloc::vec::Vec<press::Item>>::push".into();
    let heap = by(LiveHeapKey::Type, &shop);
    let keys: Vec<&str> = heap.rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys, ["Vec<press::Item>", "Vec<shop::Item>"]);
}

#[test]
fn the_standard_error_is_that_of_poisson_sampling_and_is_missing_where_the_labels_are() {
    let mut shop = shop();
    let error = |shop: &Profile, row: usize| by(LiveHeapKey::Operation, shop).rows[row].standard_error_bytes;
    let of = |objects: f64, size: f64, interval: f64| {
        let p = 1.0 - (-size / interval).exp();
        (objects * size * size * (1.0 - p) / p).sqrt()
    };
    let close =
        |told: Option<f64>, expected: f64| told.is_some_and(|told| (told / expected - 1.0).abs() < 1e-9);
    assert!(close(error(&shop, 0), of(1_000.0, 64.0, 2_048.0)));
    // Variances add up, and so 10 objects and 5 are as good as 15.
    assert!(close(error(&shop, 1), of(15.0, 1_024.0, 2_048.0)));
    shop.samples[2].labels.push(number_label(INTERVAL, 512));
    assert!(close(error(&shop, 0), of(1_000.0, 64.0, 512.0)));
    shop.samples[0].labels.retain(|label| &*label.key != OBJECT_SIZE);
    assert_eq!(error(&shop, 1), None);
    assert_eq!(by(LiveHeapKey::Operation, &shop).standard_error_bytes, None);
}

#[test]
fn it_crosses_to_another_process_as_json() {
    for key in [LiveHeapKey::Operation, LiveHeapKey::Stack] {
        let heap = by(key, &shop());
        let json = serde_json::to_string(&heap).expect("it is numbers and text");
        assert_eq!(
            serde_json::from_str::<LiveHeap>(&json).expect("we wrote it"),
            heap
        );
        assert!(
            json.starts_with(&format!("{{\"key\":\"{}\",\"rows\":[", key.as_str())),
            "{json}"
        );
    }
}

#[test]
fn a_named_snapshot_reads_the_same_without_the_binary() {
    let program = std::env::current_exe().expect("Linux knows");
    let start = a_function_of_its_own as fn() as usize as u64;
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let first = maps
        .lines()
        .find(|line| line.ends_with(&*program.to_string_lossy()));
    let base = first
        .and_then(|line| u64::from_str_radix(line.split('-').next()?, 16).ok())
        .expect("it is mapped");
    let location = |address, mapping| Location {
        address,
        mapping,
        lines: Vec::new(),
    };
    let mapping = |file: &str| Mapping {
        limit: u64::MAX,
        file: file.into(),
        ..Mapping::default()
    };
    let profile = Profile {
        sample_types: vec![kind("inuse_space", "bytes")],
        samples: vec![Sample {
            stack: vec![0, 1, 2],
            values: vec![5],
            labels: Vec::new(),
        }],
        mappings: vec![
            mapping(&program.to_string_lossy()),
            mapping("/nowhere/libshelf.so"),
        ],
        locations: vec![
            location(start - base, Some(0)),
            location(0x10, Some(1)),
            location(0x20, None),
        ],
        ..Profile::default()
    };
    let stack = |profile: &Profile| {
        let symbolized = Symbolizer::new()
            .symbolize(profile)
            .expect("names, or the binary");
        symbolized.samples[0]
            .stack
            .iter()
            .map(|frame| Frame::clone(frame))
            .collect::<Vec<_>>()
    };
    let named = Symbolizer::new().name(&profile).expect("it is this program");
    let mut elsewhere = Profile::decode(&named.encode().expect("its indices are right")).expect("a profile");
    elsewhere.mappings[0].file = "/gone".into();
    assert_eq!(stack(&elsewhere), stack(&profile));
    assert_eq!(stack(&elsewhere)[0].function, "it::live::a_function_of_its_own");
    assert!(
        named.locations[1..]
            .iter()
            .all(|location| location.lines.is_empty()),
        "others can look these up"
    );
    assert_eq!(
        Symbolizer::new()
            .name(&elsewhere)
            .expect("nothing is left to look up"),
        elsewhere
    );
}

#[inline(never)]
fn a_function_of_its_own() {
    std::hint::black_box(());
}

fn sums_up(heap: &LiveHeap) -> bool {
    let rows: i64 = heap.rows.iter().map(|row| row.bytes).sum();
    rows + heap.unattributed_bytes + heap.instrument_bytes == heap.bytes
}

proptest! {
    #[test]
    fn rows_and_the_rest_sum_up_to_all(snapshot in any_snapshot()) {
        let snapshot = Symbolized { sdl: "type Query { a: Int }".into(), ..snapshot };
        for key in [LiveHeapKey::Field, LiveHeapKey::Type, LiveHeapKey::Stack] {
            let heap = live_heap_named(&snapshot, key, usize::MAX).expect("it has live bytes");
            prop_assert!(sums_up(&heap), "{heap:?}");
            prop_assert!(heap.rows.is_sorted_by_key(|row| std::cmp::Reverse(row.bytes)));
        }
    }

    #[test]
    fn whatever_the_file_holds_it_does_not_panic(profile in any_profile()) {
        drop(live_heap(&profile, LiveHeapKey::Cohort, 3));
        let mut profile = profile;
        profile.sample_types[0].kind = "inuse_space".into();
        drop(live_heap(&profile, LiveHeapKey::Operation, 3));
        if let Ok(named) = Symbolizer::new().name(&profile) {
            drop(live_heap_named(&Symbolizer::new().symbolize(&named).expect("as before"), LiveHeapKey::Stack, 3));
        }
    }
}
