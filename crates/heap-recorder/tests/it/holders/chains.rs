//! What long chains hold: the path is folded, and the scan takes no longer for it.

use super::{Case, first, program, types};
use heap_profile::holders::{HolderPath, Holders, RootKind::Static};
use std::{
    collections::LinkedList,
    hint::black_box,
    sync::{Arc, Mutex},
};

/// The most passes over memory, however long a chain is.
const PASSES: u32 = 12;
/// The most steps on a path that has a chain in it.
const STEPS: usize = 6;

struct Node {
    _next: Option<Box<Node>>,
    _bodies: Vec<Box<[u8]>>,
}

static CHAIN: Mutex<Option<Box<Node>>> = Mutex::new(None);
static TAIL: Mutex<Option<Box<Node>>> = Mutex::new(None);
static LINKED: Mutex<LinkedList<[u64; 4]>> = Mutex::new(LinkedList::new());
static DEQUE: Mutex<LinkedList<Box<[u8]>>> = Mutex::new(LinkedList::new());
static TURNS: Mutex<Option<Arc<Odd>>> = Mutex::new(None);

fn node(next: Option<Box<Node>>, bodies: Vec<Box<[u8]>>) -> Option<Box<Node>> {
    Some(black_box(Box::new(Node {
        _next: next,
        _bodies: bodies,
    })))
}

/// The longest chain on a path.
fn longest(path: &HolderPath) -> u64 {
    path.steps.iter().map(|step| step.times).max().expect("a step")
}

#[track_caller]
fn is_short(holders: &Holders, path: &HolderPath) {
    assert!(holders.scan.passes <= PASSES, "{:?}", holders.scan);
    assert_eq!(holders.scan.stopped, None);
    assert!(path.steps.len() <= STEPS, "{path:#?}");
}

#[test]
fn what_is_at_the_far_end_of_a_hundred_thousand_nodes_is_held_by_all_of_them() {
    program(|case| {
        let mut first_node = node(None, case.bodies().collect());
        for _ in 1..100_000 {
            first_node = node(first_node, Vec::new());
        }
        *TAIL.lock().expect("no panic") = first_node;
        let holders = case.holders();
        let path = first(&holders, Static, "chains::TAIL");
        is_short(&holders, &path);
        let types = types(&path);
        assert!(
            types.iter().any(|kind| kind.contains("chains::Node")),
            "{types:?}"
        );
        assert!((99_000..=100_001).contains(&longest(&path)), "{path:#?}");
    });
}

#[test]
fn the_nodes_of_a_chain_are_held_by_what_holds_the_first() {
    program(|case| {
        let mut first_node = None;
        for _ in 0..100_000 {
            first_node = case.keep(|| node(first_node, Vec::new()));
        }
        *CHAIN.lock().expect("no panic") = first_node;
        let holders = case.holders();
        let path = first(&holders, Static, "chains::CHAIN");
        is_short(&holders, &path);
        assert!((99_000..=100_001).contains(&longest(&path)), "{path:#?}");
    });
}

#[test]
fn the_nodes_of_a_list_that_is_linked_both_ways_are_held_by_its_owner() {
    program(|case| {
        let mut linked = LINKED.lock().expect("no panic");
        case.keep(|| (0..20_000).for_each(|number| linked.push_back([number; 4])));
        drop(linked);
        let holders = case.holders();
        let path = first(&holders, Static, "chains::LINKED");
        is_short(&holders, &path);
    });
}

#[test]
fn what_the_nodes_of_a_list_that_is_linked_both_ways_have_is_held_by_its_owner() {
    program(|case| {
        DEQUE.lock().expect("no panic").extend(case.bodies());
        let holders = case.holders();
        let path = first(&holders, Static, "chains::DEQUE");
        is_short(&holders, &path);
        assert_eq!(path.steps[0].bytes, 2048);
    });
}

/// Of two types by turns, and of two sizes.
struct Odd {
    _next: Option<Box<Even>>,
    _more: [u64; 1],
}

struct Even {
    _next: Option<Arc<Odd>>,
    _more: [u64; 9],
}

fn turns(case: Case, pairs: u64) -> Option<Arc<Odd>> {
    let mut next = None;
    for number in 0..pairs {
        let more = [number; 9];
        let even = case.keep(|| {
            black_box(Box::new(Even {
                _next: next,
                _more: more,
            }))
        });
        let odd = Odd {
            _next: Some(even),
            _more: [number],
        };
        next = Some(case.keep(|| black_box(Arc::new(odd))));
    }
    next
}

#[test]
fn a_chain_of_two_kinds_by_turns_is_held_by_what_holds_the_first() {
    program(|case| {
        *TURNS.lock().expect("no panic") = turns(case, 5000);
        let holders = case.holders();
        let path = first(&holders, Static, "chains::TURNS");
        is_short(&holders, &path);
    });
}
