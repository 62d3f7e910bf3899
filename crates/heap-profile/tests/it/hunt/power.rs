//! What a hunt says that it could have seen, and that it still needs, against hunts of exactly that.

use heap_profile::hunt::{Phase, Report, Verdict};

use super::simulated::idle_phases;
use super::world::World;

const REQUESTS: u64 = 4_000;

/// A hunt of so many looks, judged at the last, of a service that keeps `rate` bytes a request in objects of one size.
fn leaking(seed: u64, interval: f64, size: f64, rate: f64, looks: u32) -> (World, Report) {
    let mut world = World::new(seed, interval);
    let place = world.place("shop::list", None);
    for look in 1..=looks {
        let (rungs, requests) = if look == 1 {
            (3, REQUESTS)
        } else {
            (2, (REQUESTS * 3 / 2) << (look - 2))
        };
        for rung in 0..rungs {
            if (look, rung) == (1, 0) {
                serve(&mut world, place, REQUESTS / 2, rate / size, size, Phase::WarmUp);
            }
            serve(&mut world, place, requests, rate / size, size, Phase::Rung);
        }
        idle_phases(&mut world, |_| {});
    }
    let report = world.judge(looks);
    (world, report)
}

fn serve(world: &mut World, place: usize, requests: u64, objects: f64, size: f64, phase: Phase) {
    world.allocate(place, (requests as f64 * objects).round() as u64, size);
    world.serve(requests, 2.0);
    world.snapshot(phase);
}

#[test]
fn the_smallest_leak_is_found_in_nineteen_of_twenty_hunts() {
    const HUNTS: u64 = 100;
    for (interval, size, looks) in [
        (16_384.0, 16.0, 1),
        (16_384.0, 256.0, 3),
        (65_536.0, 96.0, 2),
        (524_288.0, 1_024.0, 1),
        (524_288.0, 512.0, 4),
    ] {
        let smallest = leaking(1, interval, size, 50.0, looks).1.smallest_leak;
        let smallest = smallest.per_unit.expect("there was load");
        let found = (0..HUNTS)
            .filter(|seed| leaking(*seed, interval, size, smallest, looks).1.verdict == Verdict::Leak)
            .count();
        println!("{interval} {size} looks {looks}: {smallest:.1} bytes found in {found} of {HUNTS}");
        assert!(
            found as u64 * 100 >= 93 * HUNTS,
            "{interval} {size} {looks}: {found} of {HUNTS}"
        );
    }
}

#[test]
fn the_load_that_is_still_needed_mostly_decides_it() {
    let (mut open, mut decided) = (0, 0);
    for seed in 0..180 {
        let rate = [0.0, 2.0, 12.0, 25.0, 50.0, 80.0][seed as usize % 6];
        let (mut world, report) = leaking(seed, 16_384.0, 64.0, rate, 1);
        let Some(needed) = report.units_needed else {
            continue;
        };
        open += 1;
        for _ in 0..2 {
            serve(&mut world, 0, needed / 2, rate / 64.0, 64.0, Phase::Rung);
        }
        idle_phases(&mut world, |_| {});
        decided += u64::from(world.judge(2).verdict != Verdict::Inconclusive);
    }
    println!("{decided} of {open} decided");
    assert!(open > 50 && decided * 10 >= open * 6, "{decided} of {open}");
}

#[test]
fn five_hundred_noisy_sites_are_not_a_leak_at_any_of_ten_looks() {
    for seed in 0..2 {
        let mut world = World::new(seed ^ 0xbeef, 65_536.0);
        let places: Vec<usize> = (0..500)
            .map(|at| world.place(&format!("shop::part_{at}"), None))
            .collect();
        // What they keep together is less than the threshold; most of them hold what is replaced.
        let serve = |world: &mut World, requests: u64| {
            for (at, place) in places.iter().enumerate() {
                let size = [128.0, 1_024.0, 9_000.0, 80_000.0][at % 4];
                if at % 10 == 0 {
                    world.allocate(*place, requests * 3 / 100 / size as u64, size);
                } else {
                    let share = [0.5, 1.0][at % 2];
                    world.free(*place, share, u32::MAX);
                    let objects = (world.random.f64() * share * 40_000.0 / size) as u64 + 1;
                    world.allocate(*place, objects, size);
                }
            }
        };
        serve(&mut world, 1_000);
        world.serve(1_000, 2.0);
        world.snapshot(Phase::WarmUp);
        for look in 1..=10 {
            for _ in 0..if look == 1 { 3 } else { 2 } {
                let requests = 1_000 << look;
                serve(&mut world, requests);
                world.serve(requests, 2.0);
                world.snapshot(Phase::Rung);
            }
            idle_phases(&mut world, |_| {});
            let report = world.judge(look);
            assert_ne!(report.verdict, Verdict::Leak, "seed {seed}: {:?}", report.sites);
        }
    }
}
