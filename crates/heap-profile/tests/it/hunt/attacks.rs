//! Services that are hard to judge, each drawn a number of times: what the rules must say of them.

use heap_profile::hunt::{Report, Unit, Verdict};

use super::simulated::hunted;
use super::world::World;

const SEEDS: u64 = 20;
const INTERVAL: f64 = 16_384.0;
const REQUESTS: u64 = 4_000;

/// Hunts of one place: `rung` is told what it keeps in mind, the place, the rung's number from 0, the warm-up, and how many
/// requests it serves; `idle` is done in each phase without load.
fn hunts<S: Default>(
    mut rung: impl FnMut(&mut World, &mut S, usize, u64, u64),
    mut idle: impl FnMut(&mut World, usize),
) -> Vec<Report> {
    let mut hunt = |seed| {
        let mut world = World::new(seed, INTERVAL);
        let place = world.place("shop::list", None);
        let mut mind = S::default();
        hunted(
            &mut world,
            REQUESTS,
            4,
            |world, number, requests| rung(world, &mut mind, place, number, requests),
            |world| idle(world, place),
        )
    };
    (0..SEEDS).map(&mut hunt).collect()
}

/// How many of them come to a verdict.
fn count(reports: &[Report], verdict: Verdict) -> u64 {
    reports.iter().filter(|report| report.verdict == verdict).count() as u64
}

fn quiet(_: &mut World, _: usize) {}

#[test]
fn a_leak_at_the_site_of_a_cache_is_not_hidden_by_what_turns_over() {
    let reports = hunts::<()>(
        |world, (), place, _, requests| {
            world.free_size(place, 2_048.0);
            world.allocate(place, 1_000, 2_048.0);
            world.allocate(place, requests, 100.0);
        },
        quiet,
    );
    assert!(count(&reports, Verdict::Leak) * 10 >= SEEDS * 8);
}

#[test]
fn a_cache_that_replaces_at_random_is_a_plateau_as_soon_as_the_oldest_are_gone() {
    for share in [0.05_f64, 0.2, 0.5] {
        let reports = hunts::<()>(
            |world, (), place, number, requests| {
                if number == 0 {
                    world.allocate(place, 10_000, 512.0);
                }
                let share = 1.0 - (1.0 - share).powf(requests as f64 / REQUESTS as f64);
                world.free(place, share, u32::MAX);
                world.allocate(place, (10_000.0 * share) as u64, 512.0);
            },
            quiet,
        );
        assert_eq!(count(&reports, Verdict::Leak), 0);
        let plateaus = count(&reports, Verdict::Plateau) + count(&reports, Verdict::Steady);
        assert!(plateaus + 1 >= SEEDS, "{share}: {plateaus}");
    }
}

#[test]
fn a_leak_that_begins_in_the_second_rung_is_one_at_the_second_look() {
    let reports = hunts::<()>(
        |world, (), place, number, requests| {
            if number > 1 {
                world.allocate(place, requests, 200.0);
            }
        },
        quiet,
    );
    assert_eq!(count(&reports, Verdict::Leak), SEEDS);
    assert!(reports.iter().all(|report| report.looks == 2));
}

#[test]
fn few_large_objects_and_objects_of_any_size_are_leaks() {
    let few = hunts::<()>(
        |world, (), place, _, requests| world.allocate(place, requests / 1_000, 300.0 * 1024.0),
        quiet,
    );
    assert_eq!(count(&few, Verdict::Leak), SEEDS);
    let any = hunts::<()>(
        |world, (), place, _, requests| {
            for _ in 0..requests / 100 {
                let size = world.random.u64(1..256) as f64 * 16.0;
                world.allocate(place, 10, size);
            }
        },
        quiet,
    );
    assert_eq!(count(&any, Verdict::Leak), SEEDS);
}

#[test]
fn a_buffer_that_grows_by_a_constant_piece_is_a_leak_though_each_is_freed() {
    let reports = hunts::<f64>(
        |world, held, place, number, requests| {
            // Large enough from the start to be sampled for certain.
            *held += requests as f64 * 24.0 + if number == 0 { 400_000.0 } else { 0.0 };
            world.free(place, 1.0, u32::MAX);
            world.allocate(place, 1, *held);
        },
        quiet,
    );
    assert_eq!(count(&reports, Verdict::Leak), SEEDS);
    let rate = |report: &Report| report.sites[0].rate;
    assert!(
        reports
            .iter()
            .map(rate)
            .all(|rate| rate.low <= 24.0 && 24.0 <= rate.high)
    );
}

#[test]
fn a_buffer_that_grows_by_half_is_a_leak_and_no_plateau() {
    let reports = hunts::<(f64, f64)>(
        |world, (held, room), place, _, requests| {
            *held += requests as f64 * 24.0;
            *room = room.max(30_000.0);
            while *room < *held {
                *room *= 1.5;
            }
            world.free(place, 1.0, u32::MAX);
            world.allocate(place, 1, room.round());
        },
        quiet,
    );
    assert_eq!(count(&reports, Verdict::Leak), SEEDS);
}

#[test]
fn a_table_in_shards_that_double_one_by_one_is_a_leak() {
    let reports = hunts::<Vec<(f64, f64)>>(
        |world, shards, place, _, requests| {
            if shards.is_empty() {
                let room = |_| (0.0, (200.0 * (1.0 + world.random.f64())).round());
                shards.extend((0..64).map(room));
            }
            for _ in 0..requests {
                let (held, room) = &mut shards[world.random.usize(0..64)];
                *held += 24.0;
                while *held > *room {
                    *room *= 2.0;
                }
            }
            world.free(place, 1.0, u32::MAX);
            shards
                .iter()
                .for_each(|(_, room)| world.allocate(place, 1, *room));
        },
        quiet,
    );
    assert!(count(&reports, Verdict::Leak) * 10 >= SEEDS * 9);
}

#[test]
fn what_still_drains_without_load_is_left_open() {
    let backlog = |drained: f64| {
        hunts::<()>(
            |world, (), place, _, requests| world.allocate(place, requests, 256.0),
            move |world, place| world.free(place, drained, u32::MAX),
        )
    };
    assert_eq!(count(&backlog(0.2), Verdict::Inconclusive), SEEDS);
    assert_eq!(count(&backlog(0.95), Verdict::Backlog), SEEDS);
}

#[test]
fn many_small_objects_made_once_are_a_step() {
    let reports = hunts::<()>(
        |world, (), place, number, _| {
            if number == 1 {
                world.allocate(place, 100_000, 64.0);
            }
        },
        quiet,
    );
    assert_eq!(count(&reports, Verdict::Step), SEEDS);
}

#[test]
fn a_leak_by_time_and_one_by_request_are_told_apart() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed, INTERVAL);
        let (tick, list) = (world.place("shop::tick", None), world.place("shop::list", None));
        let report = hunted(
            &mut world,
            REQUESTS,
            4,
            |world, _, requests| {
                world.allocate(tick, 400, 4_096.0);
                world.allocate(list, requests, 256.0);
            },
            |world| world.allocate(tick, 200, 4_096.0),
        );
        let unit = |name: &str| {
            let site = report.sites.iter().find(|site| site.function == name);
            site.map(|site| (site.verdict, site.rate.unit))
        };
        assert_eq!(unit("shop::tick"), Some((Verdict::Leak, Unit::Second)));
        assert_eq!(unit("shop::list"), Some((Verdict::Leak, Unit::Request)));
        assert!(
            report.checks.iter().all(|check| check.passed),
            "{:?}",
            report.checks
        );
    }
}
