//! What a report says for who looks on in the process itself: which stacks, and what is old enough.

use heap_profile::hunt::{JudgedSite, Phase, Report};

use super::{INTERVAL, World, hunted};

fn site<'a>(report: &'a Report, function: &str) -> &'a JudgedSite {
    let mut sites = report.sites.iter();
    sites
        .find(|site| site.function == function)
        .unwrap_or_else(|| panic!("{function} among {:?}", report.sites))
}

#[test]
fn a_site_has_the_stacks_of_what_it_still_holds_and_no_others() {
    let mut world = World::new(1, INTERVAL);
    let places = [(); 3].map(|()| world.place("shop::list", None));
    let other = world.place("shop::other", None);
    let report = hunted(&mut world, 3, |world, _, requests| {
        for place in places {
            world.allocate(place, requests, 512.0);
        }
        world.free(places[1], 1.0, u32::MAX);
        world.allocate(other, requests, 512.0);
    });
    let of = |place: usize| place as u32;
    assert_eq!(
        site(&report, "shop::list").stacks,
        [of(places[0]), of(places[2])],
        "two that read the same, and not the one that freed all"
    );
    assert_eq!(site(&report, "shop::other").stacks, [of(other)]);
}

#[test]
fn of_many_stacks_those_that_hold_most_are_told_in_their_order() {
    let mut world = World::new(2, INTERVAL);
    let places: Vec<usize> = (0..1_010).map(|_| world.place("shop::list", None)).collect();
    let small = |place: &usize| place % 101 == 7;
    let report = hunted(&mut world, 3, |world, _, _| {
        for place in &places {
            let size = if small(place) { 32_768.0 } else { 1_048_576.0 };
            world.allocate(*place, 4, size);
        }
    });
    let most = places.iter().filter(|place| !small(place));
    let most: Vec<u32> = most.map(|place| *place as u32).collect();
    assert_eq!(most.len(), 1_000);
    assert_eq!(site(&report, "shop::list").stacks, most);
}

#[test]
fn what_the_rungs_left_is_older_than_the_cohort_that_the_last_one_opened() {
    let mut world = World::new(3, INTERVAL);
    let place = world.place("shop::list", None);
    let mut open = Vec::new();
    let report = hunted(&mut world, 4, |world, _, requests| {
        open.push(world.cohort());
        world.allocate(place, requests, 512.0);
    });
    assert_eq!(report.phases.len(), 1 + 4 + 3);
    assert_eq!(report.phases[4].phase, Phase::Rung);
    assert_eq!(report.born_before, open.last().map(|last_rung| last_rung + 1));
}

#[test]
fn of_two_lines_of_a_function_the_one_that_leaks_is_told() {
    let mut world = World::new(4, INTERVAL);
    let bounded = world.place_in_line("shop::list", 40, None);
    let leaks = world.place_in_line("shop::list", 52, None);
    let report = hunted(&mut world, 3, |world, _, requests| {
        world.free(bounded, 1.0, u32::MAX);
        world.allocate(bounded, requests, 512.0);
        world.allocate(leaks, requests, 512.0);
    });
    let place = site(&report, "shop::list").place.as_deref();
    assert!(place.is_some_and(|place| place.ends_with(":52")), "{place:?}");
}
