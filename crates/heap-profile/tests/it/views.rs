//! A comparison by each key: what is new, what was freed, and that nothing is lost or counted twice.

use std::sync::Arc;

use heap_profile::{
    Amount, Comparison, ComparisonKey, ComparisonReport, Frame, INSTRUMENT, OTHER, Row, Symbolized, View,
    compare,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::builder::{Live, live, recorded};
use crate::support::{LOADER, OWN, RUNTIME, STD, any_snapshot, frame, with_objects};

pub(crate) const KEYS: [ComparisonKey; 6] = [
    ComparisonKey::Site,
    ComparisonKey::Field,
    ComparisonKey::Operation,
    ComparisonKey::Type,
    ComparisonKey::Cohort,
    ComparisonKey::Ancestor,
];

fn of(snapshots: &[&Symbolized]) -> Comparison {
    let named: Vec<(&str, &Symbolized)> = snapshots.iter().map(|snapshot| ("s", *snapshot)).collect();
    compare(&named).expect("they have live bytes")
}

fn all(comparison: &Comparison, key: ComparisonKey) -> View {
    comparison.view(key, usize::MAX)
}

/// Key, and the objects that are new, freed, live, and more than there were.
fn objects(comparison: &Comparison, key: ComparisonKey) -> Vec<(String, [i64; 4])> {
    let counted = |amount: Amount| amount.objects.expect("the files count them");
    let row = |row: Row| {
        let change = row.change;
        let figures = [change.new, change.freed, change.live, change.delta].map(counted);
        (row.key.unwrap_or_else(|| "none".to_owned()), figures)
    };
    all(comparison, key).rows.into_iter().map(row).collect()
}

/// Of a shop: what it was started with, what a problem keeps, what a cache turns over, and what it takes to look.
fn pool() -> Vec<Arc<Frame>> {
    vec![
        frame("<alloc::vec::Vec<shop::Item>>::push", STD, 2),
        frame("<alloc::string::String>::with_capacity", STD, 3),
        frame("<shop::Query>::hello::{closure#0}", OWN, 7),
        frame("<shop::Query>::__hello_resolver::{closure#0}", OWN, 8),
        frame("shop::cache::fill", OWN, 9),
        frame("engine::execute", LOADER, 3),
        frame("<engine::Loader<shop::Item>>::load", LOADER, 4),
        frame("tokio::runtime::task::raw::poll::<shop::serve>", RUNTIME, 5),
        frame("__rustc::__rust_alloc", OWN, 6),
    ]
}

fn any_live() -> impl Strategy<Value = Live> {
    let stack = vec(select(pool()), 0..6);
    let operations = [None, Some("Hello"), Some("Books"), Some(OTHER), Some(INSTRUMENT)];
    let fields = [None, None, Some("Book.title"), Some(OTHER)];
    let labels = (select(operations.to_vec()), select(fields.to_vec()));
    (stack, labels, 0..4i64, select(vec![64i64, 1024]), 1..50i64).prop_map(
        |(stack, (operation, field), cohort, size, objects)| {
            let row = live(&stack, cohort, size, objects);
            let row = operation
                .into_iter()
                .fold(row, |row, operation| row.under(operation));
            field.into_iter().fold(row, |row, field| row.in_field(field))
        },
    )
}

fn any_recorded() -> impl Strategy<Value = Symbolized> {
    vec(any_live(), 0..14).prop_map(|rows| {
        let mut snapshot = recorded("1@1", 3, &rows);
        snapshot.sdl = "type Query { hello: String! }".into();
        snapshot
    })
}

/// Recorded ones of one process, or files of others.
fn any_two() -> impl Strategy<Value = (Symbolized, Symbolized)> {
    prop_oneof![
        (any_recorded(), any_recorded()),
        (any_snapshot(), any_snapshot()),
        (any_recorded(), any_snapshot())
    ]
}

/// All figures of a view, in an order that does not depend on them: by key, new, freed and delta. A site's line is that of
/// the stack that grew most, which is another one on the way back.
fn figures(view: &View) -> Vec<(Option<String>, Amount, Amount, Amount)> {
    let row = |row: &Row| {
        (
            row.key.clone(),
            row.change.new,
            row.change.freed,
            row.change.delta,
        )
    };
    let mut figures: Vec<_> = view.rows.iter().map(row).collect();
    figures.sort_by(|a, b| a.0.cmp(&b.0));
    figures
}

fn minus(amount: Amount) -> Amount {
    Amount {
        bytes: -amount.bytes,
        objects: amount.objects.map(|objects| -objects),
    }
}

proptest! {
    #[test]
    fn a_snapshot_compared_with_itself_shows_nothing((a, _) in any_two()) {
        for key in KEYS {
            prop_assert_eq!(all(&of(&[&a, &a]), key).rows, []);
        }
    }

    #[test]
    fn the_other_way_round_new_is_freed_and_freed_is_new((a, b) in any_two()) {
        let (there, back) = (of(&[&a, &b]), of(&[&b, &a]));
        for key in KEYS {
            let turned: Vec<_> = figures(&all(&back, key))
                .into_iter()
                .map(|(name, new, freed, delta)| (name, freed, new, minus(delta)))
                .collect();
            prop_assert_eq!(figures(&all(&there, key)), turned);
        }
    }

    #[test]
    fn each_view_and_the_instrument_sum_up_to_the_totals((a, b) in any_two()) {
        let comparison = of(&[&a, &b]);
        let [first, last] = &comparison.snapshots[..] else { panic!("two") };
        let instrument = last.instrument_bytes - first.instrument_bytes;
        for key in KEYS.into_iter().filter(|key| *key != ComparisonKey::Ancestor) {
            let rows = all(&comparison, key).rows;
            let sum: i64 = rows.iter().map(|row| row.change.delta.bytes).sum();
            prop_assert_eq!(sum + instrument, comparison.growth.bytes);
            for Row { change, .. } in rows {
                prop_assert_eq!(change.new.bytes - change.freed.bytes, change.delta.bytes);
                prop_assert!(change.new.bytes >= 0 && change.freed.bytes >= 0);
            }
        }
        for (at, column) in comparison.snapshots.iter().enumerate() {
            let sites: i64 = comparison.sites.iter().map(|site| site.bytes[at]).sum();
            prop_assert_eq!(sites + column.instrument_bytes, column.bytes);
        }
    }

    #[test]
    fn neither_the_order_of_rows_nor_how_they_are_split_matters((a, b) in any_two(), seed in any::<u64>()) {
        let expected = of(&[&a, &b]);
        prop_assert_eq!(&of(&[&shuffled(&a, seed), &shuffled(&b, seed / 3)]), &expected);
        prop_assert_eq!(&of(&[&split(&a), &split(&b)]), &expected);
    }

    #[test]
    fn rows_that_share_their_stack_are_compared_as_those_that_do_not((a, b) in any_two()) {
        prop_assert_eq!(of(&[&with_stacks_of_their_own(&a), &with_stacks_of_their_own(&b)]), of(&[&a, &b]));
    }
}

fn with_stacks_of_their_own(snapshot: &Symbolized) -> Symbolized {
    let mut snapshot = snapshot.clone();
    for row in &mut snapshot.samples {
        row.stack = row.stack.to_vec().into();
    }
    snapshot
}

fn shuffled(snapshot: &Symbolized, seed: u64) -> Symbolized {
    let mut shuffled = snapshot.clone();
    let mut random = seed | 1;
    for at in (1..shuffled.samples.len()).rev() {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        shuffled.samples.swap(at, (random >> 33) as usize % (at + 1));
    }
    shuffled
}

/// Each row in two, of which one has a third of the first.
fn split(snapshot: &Symbolized) -> Symbolized {
    let mut split = snapshot.clone();
    for row in &mut split.samples {
        row.values.iter_mut().for_each(|value| *value -= *value / 3);
    }
    let mut thirds = snapshot.samples.clone();
    for row in &mut thirds {
        row.values.iter_mut().for_each(|value| *value /= 3);
    }
    split.samples.extend(thirds);
    split
}

fn stack(functions: &[(&str, &str)]) -> Vec<Arc<Frame>> {
    functions
        .iter()
        .map(|(function, file)| frame(function, file, 7))
        .collect()
}

/// 40 objects were there, of which 30 are left; 50 are new. That is 40 more, and not 40 new.
#[test]
fn births_tell_what_is_new_and_what_was_freed_on_one_stack() {
    let keep = stack(&[("<alloc::vec::Vec<shop::Item>>::push", STD), ("shop::keep", OWN)]);
    let before = recorded("1@1", 1, &[live(&keep, 0, 64, 40).under("Keep")]);
    let rows = [
        live(&keep, 0, 64, 30).under("Keep"),
        live(&keep, 1, 64, 50).under("Keep"),
    ];
    let after = recorded("1@1", 2, &rows);
    let comparison = of(&[&before, &after]);
    assert!(comparison.exact && comparison.notes.is_empty());
    let figures = [50, 10, 80, 40];
    for (key, name) in [
        (ComparisonKey::Site, "shop::keep"),
        (ComparisonKey::Operation, "Keep"),
        (ComparisonKey::Type, "Vec<Item>"),
        (ComparisonKey::Field, "none"),
        (ComparisonKey::Ancestor, "shop::keep"),
    ] {
        assert_eq!(objects(&comparison, key), [(name.to_owned(), figures)]);
    }
    let cohorts = [("1", [50, 0, 50, 50]), ("0", [0, 10, 30, -10])];
    let cohorts = cohorts.map(|(key, figures)| (key.to_owned(), figures));
    assert_eq!(objects(&comparison, ComparisonKey::Cohort), cohorts);
    // What was born while the first snapshot was written is neither.
    let torn = recorded("1@1", 1, &[live(&keep, 0, 64, 40), live(&keep, 1, 64, 2)]);
    let after = recorded("1@1", 2, &[live(&keep, 0, 64, 40), live(&keep, 1, 64, 50)]);
    let comparison = of(&[&torn, &after]);
    assert_eq!(objects(&comparison, ComparisonKey::Site)[0].1, [48, 0, 90, 48]);
}

#[test]
fn without_births_new_and_freed_are_net_figures_of_each_stack() {
    let keep = stack(&[("shop::keep", OWN)]);
    let other = stack(&[("shop::other", OWN)]);
    let before = recorded("1@1", 1, &[live(&keep, 0, 64, 40), live(&other, 0, 64, 5)]);
    let after = recorded("2@9", 1, &[live(&keep, 0, 64, 30), live(&keep, 1, 64, 50)]);
    let comparison = of(&[&before, &after]);
    assert!(!comparison.exact);
    assert!(
        comparison.notes[0].contains("different processes of one build"),
        "{:?}",
        comparison.notes
    );
    let expected = [("shop::keep", [40, 0, 80, 40]), ("shop::other", [0, 5, 0, -5])];
    let expected = expected.map(|(key, figures)| (key.to_owned(), figures));
    assert_eq!(objects(&comparison, ComparisonKey::Site), expected);
    // Their cohorts are not the same.
    assert_eq!(
        objects(&comparison, ComparisonKey::Cohort),
        [("none".to_owned(), [40, 5, 80, 35])]
    );
    let plain = [with_objects(&[(&keep, 1, 64)]), with_objects(&[(&keep, 3, 192)])];
    let comparison = of(&[&plain[0], &plain[1]]);
    assert!(!comparison.exact && comparison.notes.is_empty());
    assert_eq!(objects(&comparison, ComparisonKey::Site)[0].1, [2, 0, 3, 2]);
}

#[test]
fn fields_are_those_of_labels_or_of_resolvers_that_the_schema_has() {
    let hello = stack(&[
        ("<alloc::string::String>::with_capacity", STD),
        ("<shop::Query>::hello::{closure#0}", OWN),
        ("<shop::Query>::__hello_resolver::{closure#0}", OWN),
    ]);
    let loader = stack(&[("<engine::Loader<shop::Item>>::load", LOADER)]);
    let before = recorded("1@1", 1, &[]);
    let mut after = recorded(
        "1@1",
        2,
        &[
            live(&hello, 1, 64, 10).in_field(OTHER),
            live(&loader, 1, 64, 5).in_field("Book.author"),
            live(&loader, 1, 64, 3),
        ],
    );
    let none = all(&of(&[&before, &after]), ComparisonKey::Field);
    assert_eq!((none.rows.len(), none.note), (2, None), "labels tell some");
    after.sdl = "type Query { hello: String! }".into();
    let comparison = of(&[&before, &after]);
    let expected = [("Query.hello", 10), ("Book.author", 5), ("none", 3)];
    let expected = expected.map(|(key, objects)| (key.to_owned(), [objects, 0, objects, objects]));
    assert_eq!(objects(&comparison, ComparisonKey::Field), expected);
    after.sdl = "type Query { hello: }".into();
    let note = all(&of(&[&before, &after]), ComparisonKey::Field)
        .note
        .expect("it is malformed");
    assert!(note.starts_with("fields cannot be read from stacks: "), "{note}");
    let unlabelled = recorded("1@1", 2, &[live(&hello, 1, 64, 10)]);
    let note = all(&of(&[&before, &unlabelled]), ComparisonKey::Field).note;
    assert!(note.is_some_and(|note| note.starts_with("no snapshot has a schema")));
}

#[test]
fn the_instrument_is_in_no_row_and_in_a_figure_of_its_own() {
    let keep = stack(&[("shop::keep", OWN)]);
    let snapshot = |number, objects| {
        let rows = [
            live(&keep, 0, 64, 10),
            live(&keep, 0, 1024, objects).under(INSTRUMENT),
        ];
        recorded("1@1", number, &rows)
    };
    let comparison = of(&[&snapshot(1, 2), &snapshot(2, 5)]);
    for key in KEYS {
        assert_eq!(all(&comparison, key).rows, []);
    }
    let own: Vec<i64> = comparison
        .snapshots
        .iter()
        .map(|column| column.instrument_bytes)
        .collect();
    assert_eq!((&own[..], comparison.growth.bytes), (&[2048, 5120][..], 3072));
}

/// A schema that is built anew with each reload: what it is made of comes from hundreds of stacks.
#[test]
fn growth_that_is_spread_is_told_by_the_innermost_function_that_has_nearly_all_of_it() {
    let spread = |n: usize| {
        let (piece, part) = (
            format!("shop::schema::piece_{n}"),
            format!("shop::schema::part_{}", n % 2),
        );
        let functions = [
            &*piece,
            &part,
            "shop::schema::build",
            "shop::reload",
            "shop::run",
            "shop::main",
        ];
        stack(&functions.map(|function| (function, OWN)))
    };
    let single = stack(&[("shop::log", OWN), ("shop::run", OWN), ("shop::main", OWN)]);
    let quiet = stack(&[("shop::quiet", OWN), ("shop::main", OWN)]);
    let rows: Vec<Live> = (0..200)
        .map(|n| live(&spread(n), 1, 64, 1))
        .chain([live(&single, 1, 64, 4), live(&quiet, 0, 64, 9)])
        .collect();
    let before = recorded("1@1", 1, &[live(&quiet, 0, 64, 9)]);
    let comparison = of(&[&before, &recorded("1@1", 2, &rows)]);
    let rows = objects(&comparison, ComparisonKey::Ancestor);
    let keys: Vec<(&str, i64)> = rows
        .iter()
        .map(|(key, figures)| (key.as_str(), figures[3]))
        .collect();
    // Of those that have all or nearly all of it, only the innermost; then what it is divided between.
    let expected = [
        ("shop::schema::build", 200),
        ("shop::schema::part_0", 100),
        ("shop::schema::part_1", 100),
        ("shop::log", 4),
    ];
    assert_eq!(keys[..4], expected);
    let rest = &keys[4..];
    assert!(
        rest.iter()
            .all(|(key, _)| key.starts_with("shop::schema::piece_")),
        "{rest:?}"
    );
}

#[test]
fn a_function_that_calls_itself_counts_once() {
    let deep = stack(&[
        ("shop::leaf", OWN),
        ("shop::walk", OWN),
        ("shop::walk::{closure#0}", OWN),
        ("shop::walk", OWN),
    ]);
    let other = stack(&[("shop::walk", OWN)]);
    let rows = [live(&deep, 1, 64, 10), live(&other, 1, 64, 10)];
    let comparison = of(&[&recorded("1@1", 1, &[]), &recorded("1@1", 2, &rows)]);
    let expected = [("shop::walk", 20), ("shop::leaf", 10)];
    let expected = expected.map(|(key, objects)| (key.to_owned(), [objects, 0, objects, objects]));
    assert_eq!(objects(&comparison, ComparisonKey::Ancestor), expected);
}

#[test]
fn the_report_is_read_again_as_it_was_written() {
    let keep = stack(&[("shop::keep", OWN)]);
    let rows = [live(&keep, 1, 64, 10).under("Keep")];
    let comparison = of(&[&recorded("1@1", 1, &[]), &recorded("1@1", 2, &rows)]);
    let report = comparison.report(1);
    let json = serde_json::to_string(&report).expect("numbers and text");
    assert_eq!(
        serde_json::from_str::<ComparisonReport>(&json).expect("we wrote it"),
        report
    );
    assert_eq!((report.version, report.operations.rows_in_all), (1, 1));
}
