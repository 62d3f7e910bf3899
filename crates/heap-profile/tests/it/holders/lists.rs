//! Objects that hold others like themselves.

use heap_profile::holders::Holder;

use super::world::World;

#[test]
fn a_list_of_nodes_is_one_step_with_its_length() {
    let mut world = World::new();
    let head = world.a_static("shop::HEAD");
    let first = world.object(64, None);
    world.hold(head, first);
    let last = world.object(64, Some("Box<shop::Node>"));
    world.hold_by(first, last).chain = 100_000;
    for _ in 0..12 {
        let text = world.target(32, "String");
        world.hold_by(last, text);
    }
    assert_eq!(
        world.lines(),
        ["32 B String <- Box<Node> x 100,000 <- static shop::HEAD (12 of 12 objects)"]
    );
}

#[test]
fn drawn_nodes_of_one_list_have_one_way_however_far_from_its_head_each_is() {
    let mut world = World::new();
    let mut holder = world.a_static("shop::HEAD");
    let mut before = None;
    for _ in 0..30 {
        let node = world.target(64, "Box<shop::Node>");
        world.hold(holder, node);
        // And back: the list is linked in both directions.
        if let Some(before) = before {
            world.hold_by(node, before);
        }
        before = Some(node);
        holder = Holder::Object(node);
    }
    assert_eq!(
        world.lines(),
        ["64 B Box<Node> x 30 <- static shop::HEAD (30 of 30 objects)"]
    );
    assert_eq!(world.holders().paths[0].steps[0].distinct, 30);
}

#[test]
fn a_list_has_its_length_whatever_part_of_it_is_in_the_graph() {
    let mut world = World::new();
    let head = world.a_static("shop::HEAD");
    let first = world.object(64, None);
    world.hold(head, first);
    let mut below = first;
    // What is drawn is anywhere in the list: nodes that are in the graph themselves, and hold each other by the way.
    for _ in 0..12 {
        let node = world.target(64, "Box<shop::Node>");
        world.hold_by(first, node).chain = 100_000;
        world.hold_by(below, node).chain = 100_000;
        below = node;
    }
    assert_eq!(
        world.lines(),
        ["64 B Box<Node> x 100,000 <- static shop::HEAD (12 of 12 objects)"]
    );
}
