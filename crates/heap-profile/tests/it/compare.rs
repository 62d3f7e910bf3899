//! What a comparison keeps, and what it calls a call site.

use std::sync::Arc;

use heap_profile::{Comparison, Error, Frame, Symbolized, compare};
use proptest::prelude::*;

use crate::support::{
    JEMALLOC, LOADER, OWN, RUNTIME, STD, any_snapshot, bytes_only, frame, taken_by, with_objects,
};

fn of(snapshots: &[&Symbolized]) -> Comparison {
    let named: Vec<(&str, &Symbolized)> = snapshots.iter().map(|snapshot| ("s", *snapshot)).collect();
    compare(&named).expect("they have live bytes")
}

/// All there is to know of each site's figures, in an order that does not depend on growth.
fn growths(comparison: &Comparison) -> Vec<(String, Option<String>, i64, Option<i64>)> {
    let of_site = |site: &heap_profile::Site| {
        (
            site.function.clone(),
            site.file.clone(),
            site.change.delta.bytes,
            site.change.delta.objects,
        )
    };
    let mut growths: Vec<_> = comparison.sites.iter().map(of_site).collect();
    growths.sort();
    growths
}

proptest! {
    #[test]
    fn a_snapshot_compared_with_itself_has_not_grown(a in any_snapshot()) {
        let comparison = of(&[&a, &a]);
        prop_assert_eq!((comparison.growth.bytes, comparison.changed().count()), (0, 0));
    }

    #[test]
    fn the_other_way_round_is_the_same_with_the_opposite_sign(a in any_snapshot(), b in any_snapshot()) {
        let negated: Vec<_> = growths(&of(&[&b, &a]))
            .into_iter()
            .map(|(function, file, bytes, objects)| (function, file, -bytes, objects.map(|objects| -objects)))
            .collect();
        prop_assert_eq!(growths(&of(&[&a, &b])), negated);
    }

    #[test]
    fn the_sites_sum_up_to_the_totals(snapshots in proptest::collection::vec(any_snapshot(), 2..5)) {
        let comparison = of(&snapshots.iter().collect::<Vec<_>>());
        for (at, (column, snapshot)) in comparison.snapshots.iter().zip(&snapshots).enumerate() {
            let total: i64 = snapshot.samples.iter().map(|sample| sample.values[1]).sum();
            prop_assert_eq!(column.bytes, total);
            prop_assert_eq!(comparison.sites.iter().map(|site| site.bytes[at]).sum::<i64>(), total);
            let objects = comparison.sites.iter().map(|site| site.objects[at].expect("the file has them")).sum();
            prop_assert_eq!(column.objects, Some(objects));
        }
        let growth: i64 = comparison.sites.iter().map(|site| site.change.delta.bytes).sum();
        prop_assert_eq!(growth, comparison.growth.bytes);
    }

    #[test]
    fn the_order_of_the_samples_in_a_file_does_not_matter(a in any_snapshot(), b in any_snapshot()) {
        let reversed = |snapshot: &Symbolized| {
            let mut reversed = snapshot.clone();
            reversed.samples.reverse();
            reversed
        };
        prop_assert_eq!(of(&[&a, &b]), of(&[&reversed(&a), &reversed(&b)]));
    }
}

/// What the only site of a stack is called.
fn site_of(stack: &[Arc<Frame>]) -> String {
    let comparison = of(&[&bytes_only(&[]), &bytes_only(&[(stack, 10)])]);
    assert_eq!(comparison.sites.len(), 1);
    comparison.sites[0].function.clone()
}

#[test]
fn a_site_is_named_by_the_first_frame_that_a_reader_can_do_something_about() {
    let alloc = frame("__rustc::__rust_alloc", OWN, 1);
    let profiler = frame("prof_backtrace_impl", JEMALLOC, 1);
    let push = frame("<alloc::vec::Vec<shop::Item>>::push", STD, 2);
    let method = frame("<shop::Query>::leak::{closure#0}", OWN, 3);
    let generated = frame(
        "shop::_::<impl shop::Query>::__leak_resolver::{closure#0}",
        OWN,
        4,
    );
    let engine = frame("engine::execute", LOADER, 5);
    let insert = frame("<engine::Cache<u32, alloc::string::String>>::insert", LOADER, 6);
    let load = frame(
        "<engine::Loader<shop::Authors>>::load::<u32>::{closure#0}",
        LOADER,
        7,
    );
    let load_many = frame(
        "<engine::Loader<shop::Authors>>::load_many::{closure#1}",
        LOADER,
        8,
    );
    let poll = frame(
        "tokio::runtime::task::raw::poll::<engine::Task<shop::Authors>>",
        RUNTIME,
        9,
    );
    let main = frame("shop::main", OWN, 10);
    let other = frame("<shop::Authors as engine::Fetch>::fetch", OWN, 11);
    for (what, stack, expected) in [
        (
            "the method, not what the macro made around it",
            vec![&push, &method, &generated, &engine, &main],
            "<shop::Query>::leak",
        ),
        (
            "not the allocator's own code",
            vec![&profiler, &insert, &engine],
            "engine::execute",
        ),
        (
            "not the place of the global allocator",
            vec![&alloc, &push, &method],
            "<shop::Query>::leak",
        ),
        (
            "own code, however deep the library",
            vec![&insert, &engine, &main],
            "shop::main",
        ),
        (
            "not the thread that polled the task",
            vec![&push, &engine, &poll, &main],
            "engine::execute",
        ),
        (
            "a library that does not work for us by its plain function",
            vec![&insert, &engine],
            "engine::execute",
        ),
        (
            "nothing else than the leaf",
            vec![&push],
            "<alloc::vec::Vec<shop::Item>>::push",
        ),
        (
            "only the way into the allocator",
            vec![&alloc],
            "__rustc::__rust_alloc",
        ),
        ("an empty stack", vec![], "unknown"),
    ] {
        let stack: Vec<_> = stack.into_iter().cloned().collect();
        assert_eq!(site_of(&stack), expected, "{what}");
    }
    // That `shop` is the program's own crate is known from some other stack.
    let stack = [insert, load, load_many, engine, poll, main];
    let after = bytes_only(&[(&[other], 1), (&stack, 10)]);
    let comparison = of(&[&bytes_only(&[]), &after]);
    assert_eq!(
        comparison.sites[0].function, "<engine::Loader<shop::Authors>>::load_many",
        "made for our type"
    );
}

#[test]
fn a_helper_of_the_programs_own_names_the_site_and_the_call_that_it_made_is_told() {
    let leaves = [
        frame("__rustc::__rust_realloc", OWN, 1),
        frame("<alloc::raw_vec::RawVecInner>::finish_grow", STD, 2),
        frame("<alloc::raw_vec::RawVec<shop::Item>>::grow_one", STD, 2),
        frame("<alloc::vec::Vec<shop::Item>>::push", STD, 2),
    ];
    let table = [
        frame(
            "<hashbrown::raw::RawTable<(u64, shop::Item)>>::reserve_rehash::<F>",
            STD,
            2,
        ),
        frame(
            "<std::collections::hash::map::HashMap<u64, shop::Item>>::insert",
            STD,
            2,
        ),
    ];
    let boxed = [
        frame(
            "<alloc::boxed::Box<alloc::sync::ArcInner<shop::Item>>>::new",
            STD,
            2,
        ),
        frame("<alloc::sync::Arc<shop::Item>>::new", STD, 2),
    ];
    let called = frame(
        "<core::option::Option<shop::Item>>::map::<(), shop::add::<shop::Item>::{closure#0}>",
        STD,
        2,
    );
    let inlined = |function: &str| {
        let mut frame = Frame::clone(&frame(function, OWN, 3));
        frame.inlined = true;
        Arc::new(frame)
    };
    let helper = inlined("shop::add::<shop::Item>::{closure#0}");
    let method = inlined("<shop::Stack<shop::Item>>::add");
    let caller = frame("<shop::Query>::leak::{closure#0}", OWN, 4);
    for (leaves, helper, function, through) in [
        (
            &leaves[..],
            &helper,
            "shop::add::<shop::Item>",
            "<alloc::vec::Vec<shop::Item>>::push",
        ),
        (
            &table,
            &method,
            "<shop::Stack<shop::Item>>::add",
            "<std::collections::hash::map::HashMap<u64, shop::Item>>::insert",
        ),
        (
            &boxed,
            &helper,
            "shop::add::<shop::Item>",
            "<alloc::sync::Arc<shop::Item>>::new",
        ),
    ] {
        let stack = [leaves, &[helper.clone(), called.clone(), caller.clone()]].concat();
        let comparison = of(&[&bytes_only(&[]), &bytes_only(&[(&stack, 10)])]);
        let site = &comparison.sites[0];
        assert_eq!(
            (&*site.function, site.through.as_deref()),
            (function, Some(through))
        );
        let frames: Vec<&str> = site.frames.iter().map(|frame| &*frame.function).collect();
        assert_eq!(
            frames,
            [&*helper.function, &*caller.function],
            "its caller is told too"
        );
    }
}

#[test]
fn stacks_are_merged_by_name_and_the_bodies_of_one_function_are_one_site() {
    let main = frame("shop::main", OWN, 1);
    let once = [frame("shop::list::{closure#0}", OWN, 7), main.clone()];
    let again = [frame("shop::list::{closure#0}", OWN, 7), main.clone()];
    let nested = [frame("shop::list::{closure#0}::{closure#0}", OWN, 9), main];
    let before = bytes_only(&[(&once, 10)]);
    let after = bytes_only(&[(&once, 20), (&again, 30), (&nested, 500)]);
    let comparison = of(&[&before, &after]);
    let site = &comparison.sites[0];
    assert_eq!(comparison.sites.len(), 1);
    assert_eq!(
        (&*site.function, site.stacks, &site.bytes[..]),
        ("shop::list", 2, &[10, 550][..])
    );
    assert_eq!(site.line, Some(9), "the line of the stack that grew most");
    let frames: Vec<_> = site.frames.iter().map(|frame| &*frame.function).collect();
    assert_eq!(frames, ["shop::list::{closure#0}::{closure#0}", "shop::main"]);
}

#[test]
fn objects_are_told_only_where_the_first_and_the_last_file_have_them() {
    let stack = [frame("shop::list", OWN, 7)];
    let plain = bytes_only(&[(&stack, 100)]);
    let full = with_objects(&[(&stack, 4, 200)]);
    let more = with_objects(&[(&stack, 9, 300)]);
    assert_eq!(of(&[&full, &plain, &more]).sites[0].change.delta.objects, Some(5));
    let comparison = of(&[&plain, &more]);
    assert_eq!(
        (
            comparison.growth.objects,
            comparison.sites[0].change.delta.objects
        ),
        (None, None)
    );
    assert_eq!(comparison.sites[0].objects, [None, Some(9)]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let stack = [frame("shop::list", OWN, 7)];
    let snapshot = bytes_only(&[(&stack, 1)]);
    assert!(matches!(
        compare(&[("a", &snapshot)]),
        Err(Error::TooFewSnapshots { found: 1 })
    ));
    let (one, other) = (taken_by(snapshot.clone(), "aa"), taken_by(snapshot.clone(), "bb"));
    let error = compare(&[("a", &snapshot), ("b", &one), ("c", &other)]).expect_err("two builds");
    let expected = "b and c were taken from different binaries: build id aa and build id bb";
    assert_eq!(error.to_string(), expected);
    let mut cpu = snapshot.clone();
    cpu.sample_types[0].kind = "cpu".into();
    let error = compare(&[("a", &snapshot), ("b", &cpu)]).expect_err("no heap profile");
    assert_eq!(
        error.to_string(),
        "the profile has no values of type inuse_space, only cpu"
    );
}
