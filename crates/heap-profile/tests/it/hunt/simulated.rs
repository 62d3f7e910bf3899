//! Thousands of hunts, drawn from seeded generators: how often the intervals hold what they promise, and that what does
//! not leak is never called a leak.

use heap_profile::hunt::{Phase, Report, Verdict};

use super::world::World;

/// Hunts as the command does: three rungs, then two more for each look, of more load each time, until it is decided.
/// `rung` is told its number, 0 being the warm-up, and how many requests it serves.
pub(super) fn hunted(
    world: &mut World,
    requests: u64,
    most_looks: u32,
    mut rung: impl FnMut(&mut World, u64, u64),
    mut idle: impl FnMut(&mut World),
) -> Report {
    let mut number = 0;
    let mut serve = |world: &mut World, requests: u64, phase: Phase| {
        rung(world, number, requests);
        number += 1;
        world.serve(requests, 2.0);
        world.snapshot(phase);
    };
    serve(world, requests / 2, Phase::WarmUp);
    let mut look = 1;
    loop {
        let (rungs, size) = if look == 1 {
            (3, requests)
        } else {
            (2, requests << look)
        };
        (0..rungs).for_each(|_| serve(world, size, Phase::Rung));
        idle_phases(world, &mut idle);
        let report = world.judge(look);
        if report.verdict != Verdict::Inconclusive || look == most_looks {
            return report;
        }
        look += 1;
    }
}

pub(super) fn idle_phases(world: &mut World, mut idle: impl FnMut(&mut World)) {
    for phase in [Phase::Settle, Phase::Idle, Phase::Idle] {
        idle(world);
        world.serve(0, 1.0);
        world.snapshot(phase);
    }
}

fn hunt(world: &mut World, requests: u64, mut rung: impl FnMut(&mut World, u64)) -> Report {
    hunted(
        world,
        requests,
        4,
        |world, _, requests| rung(world, requests),
        |_| {},
    )
}

#[test]
fn of_two_thousand_hunts_the_interval_holds_the_true_figure_in_nineteen_of_twenty() {
    const HUNTS: u64 = 2_000;
    let (mut held, mut leaks, mut looks) = (0, 0, 0);
    for seed in 0..HUNTS {
        let mut world = World::new(seed, [16_384.0, 65_536.0, 524_288.0][seed as usize % 3]);
        let place = world.place("shop::list", Some("Query.list"));
        let cache = world.place("shop::cached", None);
        // Of each hundred requests so many keep an object of this size.
        let size = [16.0, 96.0, 1_024.0, 7_168.0, 65_536.0][world.random.usize(0..5)];
        let share = world.random.u64(5..=100);
        let truth = size * share as f64 / 100.0;
        let report = hunt(&mut world, 4_000, |world, requests| {
            world.allocate(place, requests * share / 100, size);
            world.free(cache, 1.0, u32::MAX);
            world.allocate(cache, 50, 4_096.0);
        });
        let rate = report.live.per_unit;
        let site = report.sites.iter().find(|site| site.function == "shop::list");
        let rate = site.map_or(rate, |site| site.rate);
        held += u64::from(rate.low <= truth && truth <= rate.high);
        leaks += u64::from(site.is_some_and(|site| site.verdict == Verdict::Leak));
        looks += u64::from(report.looks);
    }
    let share = held as f64 / HUNTS as f64;
    println!("{held} of {HUNTS} intervals hold the true figure, {leaks} leaks, {looks} looks");
    assert!(share >= 0.935, "{share}");
    assert!(
        leaks > HUNTS / 2 && looks > HUNTS,
        "{leaks} leaks, {looks} looks: nothing was tried"
    );
}

#[test]
fn of_two_thousand_hunts_without_a_leak_none_is_called_one() {
    // On two threads: it is what takes longest of all tests.
    std::thread::scope(|scope| {
        for from in 0..2 {
            scope.spawn(move || (from..2_000).step_by(2).for_each(nothing_leaks));
        }
    });
}

fn nothing_leaks(seed: u64) {
    let mut world = World::new(seed ^ 0xace, 65_536.0);
    let places: Vec<usize> = (0..20)
        .map(|at| world.place(&format!("shop::part_{at}"), None))
        .collect();
    let report = hunt(&mut world, 20_000, |world, requests| {
        for (at, place) in places.iter().enumerate() {
            let size = 128.0 + at as f64 * 8.0;
            if at % 2 == 0 {
                // Turns over.
                world.free(*place, 0.9, u32::MAX);
                world.allocate(*place, requests / 100, size);
            } else {
                // All of these together keep less than the threshold: 3.2 bytes a request.
                world.allocate(*place, requests * 3 / 2_000, size);
            }
        }
    });
    assert_ne!(report.verdict, Verdict::Leak, "seed {seed}: {:?}", report.sites);
}
