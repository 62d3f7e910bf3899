//! What nobody holds any more, and what was never there.

use super::{BODY, OBJECTS, first, program, types};
use heap_profile::holders::RootKind::{Static, Unreachable, UnreachableCycle};
use heap_recorder::{Error, HolderQuery};
use std::{
    hint::black_box,
    mem,
    sync::{Arc, Mutex, Weak},
};

static WEAK: Mutex<Vec<Weak<[u8; 2000]>>> = Mutex::new(Vec::new());

struct Ring {
    next: Mutex<Option<Arc<Ring>>>,
    _body: [u8; 1900],
}

#[test]
fn objects_that_hold_each_other_are_an_unreachable_cycle() {
    program(|case| {
        let ring = || {
            let next = Mutex::new(None);
            case.keep(|| {
                black_box(Arc::new(Ring {
                    next,
                    _body: [7; 1900],
                }))
            })
        };
        for _ in 0..OBJECTS / 2 {
            let (one, two) = (ring(), ring());
            *one.next.lock().expect("no panic") = Some(Arc::clone(&two));
            *two.next.lock().expect("no panic") = Some(one);
        }
        first(&case.holders(), UnreachableCycle, "");
    });
}

#[test]
fn objects_that_were_leaked_are_unreachable() {
    program(|case| {
        for body in case.bodies() {
            black_box(Box::leak(body));
        }
        first(&case.holders(), Unreachable, "");
    });
}

#[test]
fn objects_that_were_forgotten_are_unreachable() {
    program(|case| {
        for body in case.bodies() {
            mem::forget(black_box(body));
        }
        first(&case.holders(), Unreachable, "");
    });
}

#[test]
fn a_forgotten_list_is_unreachable_and_holds_its_objects() {
    program(|case| {
        for _ in 0..OBJECTS / 100 {
            let list: Vec<_> = case.bodies().take(100).collect();
            mem::forget(black_box(list));
        }
        let path = first(&case.holders(), Unreachable, "");
        assert_eq!(path.steps.len(), 2, "the body, the list's buffer");
    });
}

#[test]
fn a_block_that_weak_pointers_alone_keep_is_said_to_be_that() {
    program(|case| {
        let mut weak = WEAK.lock().expect("no panic");
        for _ in 0..OBJECTS {
            let body = case.keep(|| black_box(Arc::new([7; 2000])));
            weak.push(Arc::downgrade(&body));
        }
        drop(weak);
        let path = first(&case.holders(), Static, "unheld::WEAK");
        assert_eq!(
            types(&path),
            ["Arc<[u8; 2000]>", "Vec<alloc::sync::Weak<[u8; 2000]>>"]
        );
        let block = &path.steps[0];
        assert!(block.weak_only, "{path:#?}");
        let counts = block.counts.expect("the counts of an Arc");
        assert_eq!((counts.strong, counts.weak), (0, 1));
    });
}

#[test]
fn of_what_was_freed_nothing_survives() {
    program(|case| {
        let bodies: Vec<_> = case.bodies().collect();
        let query = case.query();
        drop(black_box(bodies));
        let found = case.recorder.find_holders(&query);
        assert!(matches!(found, Err(Error::NoSurvivors { .. })), "{found:?}");
    });
}

#[test]
fn of_stacks_that_are_not_there_nothing_survives() {
    program(|case| {
        let bodies: Vec<_> = case.bodies().collect();
        for stacks in [vec![], vec![u32::MAX], vec![0, u32::MAX - 1]] {
            let mut query = HolderQuery::of_stacks(stacks);
            query.operation = Some("nobody's".to_owned());
            let found = case.recorder.find_holders(&query);
            assert!(matches!(found, Err(Error::NoSurvivors { .. })), "{found:?}");
        }
        assert_eq!(
            bodies.iter().map(|body| body.len()).sum::<usize>(),
            OBJECTS * BODY
        );
    });
}
