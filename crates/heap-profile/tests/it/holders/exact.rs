//! Pointers into the middle of objects.

use super::world::World;

/// So many texts in a buffer of so many bytes, whose owner points to its beginning. A register has left over pointers into
/// its middle.
fn buffer(bytes: u64, texts: u64) -> World {
    let mut world = World::new();
    let (kept, register) = (world.a_static("shop::KEPT"), world.a_static("shop::A_REGISTER"));
    let owner = world.object(48, Some("Arc<shop::Shelf>"));
    let buffer = world.object(bytes, Some("Vec<alloc::string::String>"));
    world.hold(kept, owner);
    world.hold_by(owner, buffer);
    let freed = world.object(96, None);
    world.hold(register, freed);
    world.hold_by(freed, buffer).into = bytes / 2 + 24;
    world.hold(register, buffer).into = bytes / 2 + 72;
    for _ in 0..texts {
        let text = world.target(2_048, "String");
        world.hold_by(buffer, text);
    }
    world
}

const OWNED: &str = "2.0 KB String <- Vec<String> <- Arc<Shelf> <- static shop::KEPT (20 of 20 objects)";

#[test]
fn a_large_object_has_an_owner_and_pointers_into_its_middle_are_left_over() {
    assert_eq!(buffer(65_536, 20).lines(), [OWNED]);
    let lines = buffer(2_048, 20).lines();
    assert_eq!(lines.len(), 2, "of a small one all count: {lines:?}");
}

#[test]
fn where_no_owner_leads_to_a_root_pointers_into_the_middle_count() {
    let mut world = buffer(65_536, 20);
    // The owner is there, but nobody holds it.
    world.graph.edges.remove(0);
    assert_eq!(
        world.lines(),
        ["2.0 KB String <- Vec<String> <- static shop::A_REGISTER (20 of 20 objects)"]
    );
    // And so it is if the owner is in turn held by the buffer alone.
    world.hold_by(3, 2);
    assert_eq!(world.lines().len(), 1, "{:?}", world.lines());
}

#[test]
fn a_pointer_to_the_control_bytes_of_a_table_is_the_maps_own() {
    let mut world = World::new();
    let (map, other) = (
        world.a_static("shop::BY_NAME"),
        world.a_static("shop::A_REGISTER"),
    );
    // 1,024 entries of 48 bytes, their control bytes, and as much as the allocator rounds up.
    let table = world.object(57_344, None);
    world.hold(map, table).into = 1_024 * 48;
    world.hold(other, table).into = 1_024 * 48 + 8;
    for _ in 0..20 {
        let text = world.target(32, "String");
        world.hold_by(table, text);
    }
    // One that is left over from what was there before the table does not take its place.
    let freed = world.a_stack("main", true);
    world.hold(freed, table);
    assert_eq!(
        world.lines(),
        [
            "32 B String <- 57.3 KB allocation <- static shop::BY_NAME (20 of 20 objects)",
            "32 B String <- 57.3 KB allocation <- stack of thread main (20 of 20 objects)",
        ]
    );
}

#[test]
fn a_slice_that_points_into_a_shared_buffer_is_found_through_the_block_that_is_shared() {
    let mut world = World::new();
    let slices = world.a_static("shop::SLICES");
    let list = world.object(2_048, Some("Vec<bytes::bytes::Bytes>"));
    world.hold(slices, list);
    for at in 0..20 {
        let buffer = world.target(65_536, "Vec<u8>");
        let shared = world.object(24, Some("Box<bytes::bytes::Shared>"));
        world.hold_by(shared, buffer);
        let (slice, block) = (at * 32, at * 32 + 16);
        let slice_of = world.hold_by(list, buffer);
        (slice_of.offset, slice_of.into) = (slice, 4_711);
        world.hold_by(list, shared).offset = block;
    }
    assert_eq!(
        world.lines(),
        ["65.5 KB Vec<u8> <- Box<Shared> <- Vec<Bytes> <- static shop::SLICES (20 of 20 objects)"]
    );
}

#[test]
fn among_holders_of_as_many_small_objects_the_one_with_exact_pointers_is_on_the_way() {
    let mut world = World::new();
    let kept = world.a_static("shop::KEPT");
    for _ in 0..10 {
        let text = world.target(32, "String");
        // By its name, the other would come first.
        for (kind, into) in [("Arc<shop::Aisle>", 16), ("Arc<shop::Shelf>", 0)] {
            let holder = world.object(96, Some(kind));
            world.hold(kept, holder);
            world.hold_by(holder, text).into = into;
        }
    }
    assert_eq!(
        world.lines(),
        ["32 B String <- Arc<Shelf> <- static shop::KEPT (10 of 10 objects)"]
    );
}

#[test]
fn a_root_that_exact_pointers_lead_to_comes_first_and_no_stack_comes_before_a_variable() {
    let mut world = World::new();
    let (register, main) = (world.a_static("shop::A_REGISTER"), world.a_stack("main", true));
    let task = world.task("shop::tick", false);
    for _ in 0..20 {
        let text = world.target(32, "String");
        let freed = world.object(96, None);
        world.hold(register, freed);
        world.hold_by(freed, text).into = 24;
        world.hold(main, text);
        let block = world.object(64, Some("Arc<shop::Item>"));
        world.at(block).words = [1, 1];
        world.hold_by(block, text);
        // As `Arc::into_raw` has it.
        world.hold_by(task, block).into = 16;
    }
    let lines = world.lines();
    let order: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(" <- ").last())
        .collect();
    assert_eq!(
        order,
        [
            "task shop::tick (20 of 20 objects)",
            "static shop::A_REGISTER (20 of 20 objects)",
            "stack of thread main (20 of 20 objects)",
        ]
    );
}
