//! Whatever graph there is.

use heap_profile::holders::Holder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::world::World;

const TYPES: [Option<&str>; 4] = [
    None,
    Some("String"),
    Some("Arc<shop::Item>"),
    Some("Box<shop::Node>"),
];

/// A holder, what it holds, the place of the word, a chain, and whether there is a vtable.
type Word = (Index, Index, u64, u64, bool);

fn any_world() -> impl Strategy<Value = World> {
    let object = (0..4usize, 1..4u64, any::<[u8; 2]>(), 0..10u8);
    let word = (any::<Index>(), any::<Index>(), 0..3u64, 0..3u64, any::<bool>());
    let roots = vec((0..6u8, 0..2u8), 0..8);
    let objects = vec(object, 1..40);
    (objects, roots, vec(word, 0..120), vec(any::<Index>(), 0..70)).prop_map(
        |(objects, roots, words, targets)| {
            let mut world = World::new();
            for (kind, size, [strong, weak], state) in objects {
                let object = match state {
                    0 => world.task("shop::tick", false),
                    1 => world.task("dyn Future", true),
                    // Of a large one, not all pointers count.
                    _ => world.object(if size == 3 { 8_192 } else { size * 32 }, TYPES[kind]),
                };
                let known = world.at(object);
                known.words = [u64::from(strong % 3), u64::from(weak % 3)];
                known.explored = state != 2;
            }
            let holders: Vec<Holder> = roots.iter().map(|root| any_root(&mut world, *root)).collect();
            let objects = world.graph.objects.len();
            let object = |index: &Index| u32::try_from(index.index(objects)).expect("few objects");
            let add = |(holder, held, place, chain, vtable): &Word| {
                let at = holder.index(objects + holders.len());
                let holder = holders
                    .get(at)
                    .copied()
                    .unwrap_or_else(|| Holder::Object(object(holder)));
                let edge = world.hold(holder, object(held));
                (edge.offset, edge.into, edge.chain) = (place * 8, (2 - place) * 8, chain * 1_000);
                if *vtable {
                    world.with_vtable("shop::tick::{closure#0}");
                }
            };
            words.iter().for_each(add);
            world.graph.targets = targets.iter().map(object).collect();
            world
        },
    )
}

fn any_root(world: &mut World, (kind, name): (u8, u8)) -> Holder {
    let name = ["shop::A", "shop::B"][usize::from(name)];
    match kind {
        0 => world.a_static(name),
        1 => world.a_nameless_static(),
        2 => world.a_thread_local("shop::LOCAL", name),
        3 => world.a_stack(name, true),
        4 => world.a_stack(name, false),
        _ => world.a_static("heap_recorder::table::TABLE"),
    }
}

/// The same world with its objects, words and drawn objects in another order.
fn shuffled(world: &World, order: &[u32]) -> World {
    let objects = world.graph.objects.len();
    let mut by: Vec<usize> = (0..objects).collect();
    by.sort_by_key(|at| (order[*at % order.len()].wrapping_mul(*at as u32 + 1), *at));
    let mut place = vec![0u32; objects];
    for (new, old) in by.iter().enumerate() {
        place[*old] = u32::try_from(new).expect("few objects");
    }
    let mut other = world.clone();
    other.graph.objects = by.iter().map(|old| world.graph.objects[*old].clone()).collect();
    other.graph.targets = world
        .graph
        .targets
        .iter()
        .map(|old| place[*old as usize])
        .rev()
        .collect();
    for edge in &mut other.graph.edges {
        edge.held = place[edge.held as usize];
        if let Holder::Object(holder) = &mut edge.holder {
            *holder = place[*holder as usize];
        }
    }
    other.graph.edges.reverse();
    other
}

proptest! {
    #[test]
    fn no_graph_makes_it_panic_and_no_count_is_more_than_was_drawn(world in any_world()) {
        let holders = world.holders();
        let drawn = world.graph.targets.len() as u64;
        prop_assert_eq!(holders.drawn, drawn);
        prop_assert!(holders.paths.len() <= 8);
        for path in &holders.paths {
            prop_assert!((1..=drawn).contains(&path.objects));
            prop_assert!(!path.steps.is_empty());
            for step in &path.steps {
                let objects = world.graph.objects.len() as u64;
                prop_assert!((1..=objects).contains(&step.distinct) && step.times >= 1);
            }
        }
        if drawn > 0 && drawn < 50 {
            prop_assert!(!holders.paths.is_empty(), "each object is held by something, or by nothing");
        }
        world.lines();
    }

    #[test]
    fn nothing_depends_on_the_order_of_the_graph(world in any_world(), order in vec(any::<u32>(), 1..40)) {
        prop_assert_eq!(shuffled(&world, &order).holders(), world.holders());
    }

    #[test]
    fn a_root_more_takes_nothing_from_the_others(world in any_world()) {
        let more = |world: &World| {
            let mut world = world.clone();
            let more = world.a_static("shop::MORE");
            for target in world.graph.targets.clone() {
                world.hold(more, target);
            }
            world
        };
        let added = more(&world).holders();
        if !world.graph.targets.is_empty() {
            let all = added.paths.iter().find(|path| path.root.name.as_deref() == Some("shop::MORE"));
            let running = |target: &u32| {
                world.graph.objects[*target as usize].task.is_some_and(|task| !task.complete)
            };
            let expected = world.graph.targets.iter().filter(|target| !running(target)).count() as u64;
            prop_assert_eq!(all.map_or(0, |path| path.objects), expected);
        }
    }
}
