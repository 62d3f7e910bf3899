//! Objects that something holds.

use heap_profile::holders::{Confidence, Counts, Holder, Root, RootKind, Stopped};

use super::world::World;

/// So many texts, each in a visit, all of which a list in a static has.
fn visits(number: u64) -> World {
    let mut world = World::new();
    let latest = world.a_static("shop::VISITS");
    let list = world.object(8_192, Some("Vec<alloc::sync::Arc<shop::Visit>>"));
    world.hold(latest, list);
    for _ in 0..number {
        let text = world.target(2_048, "String");
        let visit = world.object(64, Some("Arc<shop::Visit>"));
        world.at(visit).words = [1, 1];
        world.hold_by(list, visit);
        world.hold_by(visit, text);
    }
    world
}

#[test]
fn a_static_is_found_through_what_it_holds() {
    let world = visits(20);
    assert_eq!(
        world.lines(),
        ["2.0 KB String <- Arc<Visit> <- Vec<Arc<Visit>> <- static shop::VISITS (20 of 20 objects)"]
    );
    let holders = world.holders();
    let path = &holders.paths[0];
    let distinct: Vec<u64> = path.steps.iter().map(|step| step.distinct).collect();
    assert_eq!(distinct, [20, 20, 1]);
    assert_eq!(path.steps[1].counts, Some(Counts { strong: 1, weak: 0 }));
    assert!(!path.steps[1].weak_only && path.steps[0].counts.is_none());
    assert_eq!((path.confidence, path.root.offset), (Confidence::Good, Some(16)));
    assert!(holders.notes.is_empty(), "{:?}", holders.notes);
}

#[test]
fn both_holders_of_an_object_are_named() {
    let mut world = visits(20);
    let seen = world.a_thread_local("shop::SEEN", "worker-1");
    let set = world.object(4_096, Some("HashSet<u64>"));
    world.hold(seen, set);
    for target in world.graph.targets.clone() {
        world.hold_by(set, target);
    }
    assert_eq!(
        world.lines(),
        [
            "2.0 KB String <- HashSet<u64> <- thread-local shop::SEEN of thread worker-1 (20 of 20 objects)",
            "2.0 KB String <- Arc<Visit> <- Vec<Arc<Visit>> <- static shop::VISITS (20 of 20 objects)",
        ]
    );
}

#[test]
fn a_thread_local_of_several_threads_is_one() {
    let mut world = World::new();
    for thread in ["worker-1", "worker-2"] {
        let seen = world.a_thread_local("shop::SEEN", thread);
        let target = world.target(64, "String");
        world.hold(seen, target);
    }
    assert_eq!(
        world.lines(),
        ["64 B String <- thread-local shop::SEEN of several threads (2 of 2 objects)"]
    );
}

#[test]
fn pointers_that_are_left_over_are_outvoted() {
    let mut world = visits(200);
    let targets = world.graph.targets.clone();
    // Freed memory with a pointer each, which makes a way that is shorter.
    let latest = world.graph.edges[0].holder;
    for target in &targets[..40] {
        let freed = world.object(48, None);
        world.hold_by(freed, *target);
        world.hold(latest, freed);
    }
    let stack = world.a_stack("tokio-rt-worker", false);
    for target in &targets[..6] {
        world.hold(stack, *target);
    }
    let other = world.a_static("shop::OTHER");
    world.hold(other, targets[7]);
    let holders = world.holders();
    assert_eq!(
        world.lines(),
        [
            "2.0 KB String <- Arc<Visit> <- Vec<Arc<Visit>> <- static shop::VISITS (200 of 200 objects)",
            "2.0 KB String <- stack of thread tokio-rt-worker (6 of 200 objects)",
        ]
    );
    assert_eq!(holders.paths[1].confidence, Confidence::Poor);
    assert_eq!(
        holders.notes,
        [
            "1 more place is not shown, with a few objects each: pointers that are left over in freed memory look like this"
        ]
    );
}

#[test]
fn a_stack_in_use_does_not_come_before_what_holds_nearly_as_many() {
    let mut world = World::new();
    let stack = world.a_stack("main", false);
    let kept = world.a_static("shop::KEPT");
    for at in 0..100 {
        let target = world.target(64, "String");
        world.hold(stack, target);
        if at < 85 {
            world.hold(kept, target);
        }
    }
    let kinds = |world: &World| -> Vec<RootKind> {
        world.holders().paths.iter().map(|path| path.root.kind).collect()
    };
    assert_eq!(kinds(&world), [RootKind::Static, RootKind::Stack]);
    // With the end of the stack known, there is nothing left over on it.
    world.graph.roots[0] = Root::Stack {
        thread: "main".to_owned(),
        exact: true,
    };
    assert_eq!(kinds(&world), [RootKind::Stack, RootKind::Static]);
}

#[test]
fn a_way_through_what_has_a_type_comes_before_a_shorter_one_through_what_has_none() {
    let mut world = World::new();
    let (serving, ticking) = (world.task("serve::run", false), world.task("tick::tell", false));
    let (left_over, list) = (
        world.object(32_768, None),
        world.object(1_024, Some("Vec<Arc<Joke>>")),
    );
    let future = world.object(512, Some("tell::{closure#0}"));
    world.hold_by(serving, left_over);
    world.hold_by(ticking, future);
    world.hold_by(future, list);
    for _ in 0..20 {
        let target = world.target(64, "String");
        world.hold_by(left_over, target);
        world.hold_by(list, target);
    }
    let roots = world.holders().paths.into_iter();
    let roots: Vec<_> = roots.filter_map(|path| path.root.name).collect();
    assert_eq!(roots, ["tick::tell", "serve::run"]);
}

#[test]
fn the_shorter_way_comes_first_and_one_to_a_dependencys_is_two_steps_longer() {
    let mut world = World::new();
    let names = ["epoch::COLLECTOR", "shop::lookup::VISITS", "shop::lookup::A_LIST"];
    let roots = names.map(|name| world.a_static(name));
    let list = world.object(1_024, Some("Vec<String>"));
    world.hold(roots[2], list);
    for _ in 0..20 {
        let target = world.target(64, "String");
        world.hold(roots[0], target);
        world.hold(roots[1], target);
        world.hold_by(list, target);
    }
    let order = |world: &World| -> Vec<String> {
        let paths = world.holders().paths.into_iter();
        paths.filter_map(|path| path.root.name).collect()
    };
    assert_eq!(order(&world), [names[0], names[1], names[2]]);
    world.names.own.insert("shop".to_owned());
    assert_eq!(order(&world), [names[1], names[2], names[0]]);
    // A task of a dependency that runs what is the program's.
    let future = "<serve::Graceful<shop::Router>>::run";
    let task = world.task(future, false);
    for target in world.graph.targets.clone() {
        world.hold_by(task, target);
    }
    assert_eq!(order(&world), [names[1], future, names[2], names[0]]);
}

#[test]
fn text_and_bytes_hold_nothing() {
    let mut world = visits(20);
    let other = world.a_static("shop::OTHER");
    for kind in ["String", "Vec<u8>"] {
        let text = world.object(4_096, Some(kind));
        world.hold(other, text);
        for target in world.graph.targets.clone() {
            world.hold_by(text, target);
        }
    }
    assert_eq!(
        world.lines(),
        ["2.0 KB String <- Arc<Visit> <- Vec<Arc<Visit>> <- static shop::VISITS (20 of 20 objects)"]
    );
}

#[test]
fn what_belongs_to_the_allocator_or_the_recorder_holds_nothing() {
    let mut world = visits(20);
    for name in ["_rjem_je_arenas", "heap_recorder::table::TABLE", "je_tsd"] {
        let own = world.a_static(name);
        for target in world.graph.targets.clone() {
            world.hold(own, target);
        }
    }
    // A variable of a single source file of the allocator: that has no prefix.
    let own = world.a_static("tdatas");
    for target in world.graph.targets.clone() {
        world.hold(own, target);
    }
    assert_eq!(world.lines().len(), 2);
    let tdatas = world.names.variables.last_mut().and_then(Option::as_mut);
    tdatas.expect("it has a name").is_allocators = true;
    assert_eq!(world.lines().len(), 1);
    let nameless = world.a_nameless_static();
    let target = world.graph.targets[0];
    for target in [target, target + 2, target + 4] {
        world.hold(nameless, target);
    }
    assert_eq!(
        world.lines()[1],
        "2.0 KB String <- static shop+0x9000 (3 of 20 objects)"
    );
}

#[test]
fn what_the_instrument_does_meanwhile_holds_nothing() {
    let mut world = visits(20);
    let alone = world.lines();
    let tasks = [
        "<heap_admin::admin::HeapAdmin>::blocking<heap_profile::holders::graph::ReferenceGraph>",
        "heap_recorder::live::watch",
    ];
    for future in tasks {
        for complete in [false, true] {
            let task = world.task(future, complete);
            for target in world.graph.targets.clone() {
                world.hold_by(task, target);
            }
        }
    }
    let own = [
        world.a_stack("heap-recorder", true),
        world.a_thread_local("std::io::BUFFER", "heap-recorder"),
    ];
    for target in world.graph.targets.clone() {
        world.hold(own[0], target);
        world.hold(own[1], target);
    }
    assert_eq!(world.lines(), alone);
    // A task that serves the instrument's requests is the service's.
    let task = world.task(
        "axum::serve::handle_connection<heap_admin::admin::HeapAdmin>",
        false,
    );
    for target in world.graph.targets.clone() {
        world.hold_by(task, target);
    }
    assert_eq!(world.lines().len(), 2);
}

#[test]
fn thin_evidence_and_an_early_end_are_told() {
    let mut world = visits(4);
    world.graph.figures.stopped = Some(Stopped::Time);
    let holders = world.holders();
    assert_eq!(holders.paths[0].confidence, Confidence::Thin);
    assert_eq!(
        holders.notes,
        [
            "the evidence is thin: no more than 4 of the objects were drawn",
            "the search ended early: it took as long as it may; holders farther away were not seen",
        ]
    );
}

#[test]
fn a_way_that_is_too_long_is_cut_short_and_that_is_told() {
    let mut world = World::new();
    let mut holder = world.a_static("shop::HEAD");
    for at in 0..1_000 {
        let node = world.object(64 + at % 2 * 64, None);
        world.hold(holder, node);
        holder = Holder::Object(node);
    }
    for _ in 0..20 {
        let target = world.target(2_048, "String");
        world.hold(holder, target);
    }
    let holders = world.holders();
    let path = &holders.paths[0];
    assert_eq!((path.objects, path.steps.len()), (20, 24));
    assert!(
        path.steps
            .iter()
            .skip(1)
            .all(|step| step.distinct == 1 && step.times == 1)
    );
    assert_eq!(holders.notes, ["a way has more steps than the 24 that are shown"]);
}
