//! Objects that nothing holds.

use super::world::World;

#[test]
fn objects_that_hold_each_other_are_a_cycle() {
    let mut world = World::new();
    for _ in 0..10 {
        let target = world.target(64, "String");
        let [one, other] = ["Arc<shop::Author>", "Arc<shop::Book>"].map(|kind| world.object(96, Some(kind)));
        world.hold_by(one, target);
        world.hold_by(other, one).offset = 16;
        world.hold_by(one, other).offset = 24;
    }
    assert_eq!(
        world.lines(),
        ["64 B String <- Arc<Author> <- Arc<Book> <- nothing: an unreachable cycle (10 of 10 objects)"]
    );
}

#[test]
fn an_arc_that_holds_itself_is_a_cycle_and_a_list_head_is_none() {
    for (kind, expected) in [
        (
            "Arc<shop::Node>",
            "64 B Arc<Node> <- nothing: an unreachable cycle (10 of 10 objects)",
        ),
        (
            "Box<shop::Head>",
            "64 B Box<Head> <- nothing: unreachable (10 of 10 objects)",
        ),
    ] {
        let mut world = World::new();
        for _ in 0..10 {
            let target = world.target(64, kind);
            world.hold_by(target, target).offset = 16;
        }
        assert_eq!(world.lines(), [expected]);
    }
}

#[test]
fn what_was_forgotten_is_unreachable_with_what_it_is_part_of() {
    let mut world = World::new();
    for _ in 0..10 {
        let target = world.target(64, "String");
        let leaked = world.object(96, Some("Box<shop::Config>"));
        world.hold_by(leaked, target);
    }
    assert_eq!(
        world.lines(),
        ["64 B String <- Box<Config> <- nothing: unreachable (10 of 10 objects)"]
    );
}

#[test]
fn where_the_search_ended_before_nothing_is_said() {
    let mut world = World::new();
    for _ in 0..10 {
        let target = world.target(64, "String");
        let far = world.object(96, None);
        world.hold_by(far, target);
        world.at(far).explored = false;
    }
    assert_eq!(
        world.lines(),
        ["64 B String <- 96-byte allocation <- not found (10 of 10 objects)"]
    );
}

#[test]
fn what_a_task_of_the_instrument_holds_is_not_beyond_reach() {
    let mut world = World::new();
    let task = world.task("<heap_admin::admin::HeapAdmin>::in_turn<()>", false);
    let batch = world.object(96, None);
    for _ in 0..10 {
        let target = world.target(64, "String");
        world.hold_by(batch, target);
    }
    world.hold_by(task, batch);
    assert_eq!(
        world.lines(),
        ["64 B String <- 96-byte allocation <- not found (10 of 10 objects)"]
    );
    // Of one that is complete the words are left over.
    let of_task = world.at(task).task.as_mut();
    of_task.expect("it is one").complete = true;
    assert_eq!(
        world.lines(),
        ["64 B String <- 96-byte allocation <- nothing: unreachable (10 of 10 objects)"]
    );
}

#[test]
fn what_was_not_found_out_comes_after_a_root_that_holds_a_part() {
    let order = |held: u64| {
        let mut world = World::new();
        let kept = world.a_static("shop::KEPT");
        for at in 0..100 {
            let target = world.target(64, "String");
            if at < held {
                world.hold(kept, target);
            } else {
                world.at(target).explored = false;
            }
        }
        world.lines()
    };
    assert_eq!(
        order(30),
        [
            "64 B String <- static shop::KEPT (30 of 100 objects)",
            "64 B String <- not found (70 of 100 objects)",
        ]
    );
    // A few may be anybody's.
    assert_eq!(order(4)[0], "64 B String <- not found (96 of 100 objects)");
}

#[test]
fn each_fate_has_its_own_count() {
    let mut world = World::new();
    let kept = world.a_static("shop::KEPT");
    for at in 0..40 {
        let target = world.target(64, "String");
        match at % 4 {
            0 | 1 => drop(world.hold(kept, target)),
            2 => {}
            _ => world.at(target).explored = false,
        }
    }
    assert_eq!(
        world.lines(),
        [
            "64 B String <- static shop::KEPT (20 of 40 objects)",
            "64 B String <- nothing: unreachable (10 of 40 objects)",
            "64 B String <- not found (10 of 40 objects)",
        ]
    );
}

#[test]
fn of_no_objects_nothing_is_said_but_that() {
    let holders = World::new().holders();
    assert!(holders.paths.is_empty());
    assert_eq!(
        holders.notes,
        ["no object was drawn, so nothing can be said of who holds them"]
    );
}
