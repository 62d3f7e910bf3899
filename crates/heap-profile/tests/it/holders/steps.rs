//! What the steps of a path are called.

use heap_profile::holders::Counts;

use super::world::World;

#[test]
fn a_task_holds_what_its_future_has_and_nobody_is_asked_who_holds_it() {
    let mut world = World::new();
    let runtime = world.a_static("tokio::RUNTIME");
    for _ in 0..10 {
        let task = world.task("shop::tick", false);
        let target = world.target(64, "String");
        world.hold_by(task, target);
        world.hold(runtime, task);
    }
    assert_eq!(
        world.lines(),
        ["64 B String <- task shop::tick (10 of 10 objects)"]
    );
}

#[test]
fn a_task_in_a_box_is_called_after_its_vtable() {
    let mut world = World::new();
    for _ in 0..10 {
        let task = world.task("dyn core::future::future::Future<Output = ()>", false);
        let boxed = world.object(96, None);
        world.hold_by(task, boxed);
        world.with_vtable("shop::tick::{closure#0}");
        let target = world.target(64, "String");
        world.hold_by(boxed, target);
    }
    assert_eq!(
        world.lines(),
        ["64 B String <- tick::{closure#0} <- task shop::tick (10 of 10 objects)"]
    );
}

#[test]
fn tasks_that_were_drawn_are_told_from_finished_ones_that_someone_keeps() {
    let mut world = World::new();
    for _ in 0..10 {
        let task = world.task("shop::tick", false);
        world.graph.targets.push(task);
    }
    assert_eq!(
        world.lines(),
        ["512 B task shop::tick, which is not complete (10 of 10 objects)"]
    );
    let mut world = World::new();
    let set = world.a_static("shop::TASKS");
    let list = world.object(2_048, None);
    world.hold(set, list);
    for _ in 0..10 {
        let task = world.task("shop::tick", true);
        world.hold_by(list, task);
        let target = world.target(64, "String");
        world.hold_by(task, target);
    }
    assert_eq!(
        world.lines(),
        [
            "64 B String <- finished task shop::tick <- 2.0 KB allocation <- static shop::TASKS (10 of 10 objects)"
        ]
    );
}

#[test]
fn a_block_that_weak_pointers_alone_keep_is_said_to_be_that() {
    let mut world = World::new();
    let cache = world.a_static("shop::CACHE");
    for _ in 0..10 {
        let block = world.target(640, "Arc<shop::Item>");
        world.at(block).words = [0, 2];
        world.hold(cache, block);
        world.hold(cache, block);
    }
    assert_eq!(
        world.lines(),
        ["640 B Arc<Item> (kept by Weak alone) <- static shop::CACHE (10 of 10 objects)"]
    );
    let counts = world.holders().paths[0].steps[0].counts;
    assert_eq!(counts, Some(Counts { strong: 0, weak: 2 }));
    for target in world.graph.targets.clone() {
        world.at(target).words = [1, 2];
    }
    let holders = world.holders();
    assert!(!holders.paths[0].steps[0].weak_only);
    assert_eq!(
        holders.notes,
        ["of the 2 pointers to an Arc<Item> no more than 1 can be strong: the others are Weak"]
    );
}

#[test]
fn what_was_not_sampled_has_the_type_of_what_is_like_it_or_of_its_vtable() {
    let mut world = World::new();
    let kept = world.a_static("shop::KEPT");
    for at in 0..10 {
        let target = world.target(2_048, "String");
        let visit = world.object(64, (at == 0).then_some("Arc<shop::Visit>"));
        world.hold_by(visit, target).offset = 24;
        let boxed = world.object(32, None);
        world.hold_by(boxed, visit);
        world.hold(kept, boxed);
        world.with_vtable("shop::Handler<shop::Visit>");
    }
    assert_eq!(
        world.lines(),
        ["2.0 KB String <- Arc<Visit> <- Handler<Visit> <- static shop::KEPT (10 of 10 objects)"]
    );
}
