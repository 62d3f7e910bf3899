//! Verdicts on services that exist in numbers alone: what they keep is known exactly.

mod attacks;
mod power;
mod simulated;
mod stacks;
mod world;

use heap_profile::Error;
use heap_profile::hunt::{self, CheckName, JudgedSite, Phase, Report, Unit, Verdict};
use world::{World, settings};

use crate::support::{OWN, frame, with_objects};

const REQUESTS: u64 = 20_000;
const INTERVAL: f64 = 16_384.0;

/// A hunt with one rung after another; `rung` is told its number, 0 being the warm-up, and how many requests it serves.
fn hunted(world: &mut World, rungs: u64, mut rung: impl FnMut(&mut World, u64, u64)) -> Report {
    for number in 0..=rungs {
        let requests = if number == 0 { REQUESTS / 2 } else { REQUESTS };
        rung(world, number, requests);
        world.serve(requests, 2.0);
        world.snapshot(if number == 0 { Phase::WarmUp } else { Phase::Rung });
    }
    idle(world, |_| {});
    world.judge(1)
}

fn idle(world: &mut World, mut second: impl FnMut(&mut World)) {
    for phase in [Phase::Settle, Phase::Idle, Phase::Idle] {
        second(world);
        world.serve(0, 1.0);
        world.snapshot(phase);
    }
}

fn first(report: &Report) -> &JudgedSite {
    report
        .sites
        .first()
        .unwrap_or_else(|| panic!("a site: {report:?}"))
}

#[test]
fn what_every_request_keeps_is_a_leak_of_its_field_and_size() {
    let mut world = World::new(1, INTERVAL);
    let place = world.place("shop::list", Some("Query.list"));
    let report = hunted(&mut world, 3, |world, _, requests| {
        world.allocate(place, requests, 512.0)
    });
    assert_eq!(report.verdict, Verdict::Leak);
    let site = first(&report);
    assert_eq!(
        (site.function.as_str(), site.field.as_deref()),
        ("shop::list", Some("Query.list"))
    );
    assert!(
        site.rate.low <= 512.0 && 512.0 <= site.rate.high,
        "{:?}",
        site.rate
    );
    assert_eq!(site.rungs.len(), 2);
    assert_eq!(report.fields[0].field.as_deref(), Some("Query.list"));
    assert!(report.units_needed.is_none());
    let smallest = report.smallest_leak.per_unit.expect("there was load");
    assert!(smallest < 60.0, "{smallest}");
}

#[test]
fn growth_so_slow_that_it_may_be_by_time_is_said_to_be() {
    let why = |size: f64| {
        let mut world = World::new(16, INTERVAL);
        let place = world.place("shop::list", None);
        let report = hunted(&mut world, 6, |world, _, requests| {
            // One request a millisecond.
            world.allocate(place, requests, size);
            world.serve(0, 18.0);
        });
        assert_eq!(report.verdict, Verdict::Leak);
        first(&report).why.clone()
    };
    assert!(why(24.0).contains("or it grows by time"));
    assert!(!why(1_024.0).contains("by time"));
}

#[test]
fn what_is_freed_with_its_request_is_steady() {
    let mut world = World::new(2, INTERVAL);
    let place = world.place("shop::list", None);
    let report = hunted(&mut world, 3, |world, _, requests| {
        world.allocate(place, requests, 512.0);
        world.free(place, 1.0, u32::MAX);
    });
    assert_eq!(report.verdict, Verdict::Steady);
    assert!(report.sites.is_empty() && report.fields.is_empty());
}

#[test]
fn a_full_cache_is_a_plateau() {
    let mut world = World::new(3, INTERVAL);
    let place = world.place("shop::list", None);
    let report = hunted(&mut world, 4, |world, _, _| {
        world.free(place, 1.0, world.cohort());
        world.allocate(place, 1_000, 2048.0);
    });
    assert_eq!(report.verdict, Verdict::Plateau, "{report:?}");
}

#[test]
fn a_queue_that_drains_when_the_load_stops_is_a_backlog() {
    let mut world = World::new(4, INTERVAL);
    let place = world.place("shop::list", None);
    for number in 0..4 {
        world.allocate(place, REQUESTS, 256.0);
        world.serve(REQUESTS, 2.0);
        world.snapshot(if number == 0 { Phase::WarmUp } else { Phase::Rung });
    }
    world.free(place, 1.0, u32::MAX);
    idle(&mut world, |_| {});
    assert_eq!(world.judge(1).verdict, Verdict::Backlog);
}

#[test]
fn what_is_made_once_is_a_step() {
    let mut world = World::new(5, INTERVAL);
    let place = world.place("shop::list", None);
    let report = hunted(&mut world, 3, |world, number, _| {
        if number == 1 {
            world.allocate(place, 100, 65_536.0);
        }
    });
    assert_eq!(report.verdict, Verdict::Step, "{report:?}");
    assert!(first(&report).why.contains("rung 1"), "{}", first(&report).why);
}

#[test]
fn a_jump_in_the_last_rung_leaves_the_question_open_and_tells_how_much_more_it_takes() {
    let mut world = World::new(6, INTERVAL);
    let place = world.place("shop::list", None);
    let report = hunted(&mut world, 3, |world, number, _| {
        if number == 3 {
            world.allocate(place, 100, 65_536.0);
        }
    });
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert!(
        report.units_needed.is_some_and(|units| units >= REQUESTS),
        "{report:?}"
    );
}

/// A table of entries of `entry` bytes that is given one a request.
struct Table {
    entry: f64,
    entries: u64,
    room: u64,
}

impl Table {
    fn add(&mut self, world: &mut World, place: usize, entries: u64) {
        for _ in 0..entries {
            self.entries += 1;
            if self.entries > self.room {
                world.free(place, 1.0, u32::MAX);
                self.room *= 2;
                world.allocate(place, 1, self.room as f64 * self.entry);
            }
        }
    }
}

#[test]
fn a_table_that_doubles_twice_is_a_leak_and_its_rate_is_bracketed() {
    let mut world = World::new(7, INTERVAL);
    let place = world.place("shop::index", None);
    let mut table = Table {
        entry: 24.0,
        entries: 0,
        room: 4,
    };
    let report = hunted(&mut world, 6, |world, _, requests| {
        table.add(world, place, requests)
    });
    assert_eq!(report.verdict, Verdict::Leak, "{report:?}");
    let rate = first(&report).rate;
    assert!(
        rate.low <= 24.0 && 24.0 <= rate.high && rate.high < 80.0,
        "{rate:?}"
    );
}

#[test]
fn a_table_that_doubled_once_and_may_do_so_again_is_left_open() {
    let mut world = World::new(8, INTERVAL);
    let place = world.place("shop::index", None);
    let mut table = Table {
        entry: 24.0,
        entries: 0,
        room: 30_000,
    };
    world.allocate(place, 1, 30_000.0 * 24.0);
    // Doubled in the second rung; the next doubling is due in the fourth.
    let report = hunted(&mut world, 3, |world, number, requests| {
        let entries = if number == 0 { 15_000 } else { requests };
        table.add(world, place, entries.min(14_000));
    });
    assert_eq!(report.verdict, Verdict::Inconclusive, "{report:?}");
}

#[test]
fn what_grows_without_load_is_a_leak_per_second_and_no_failed_check() {
    let mut world = World::new(9, INTERVAL);
    let place = world.place("shop::tick", Some("Query.joke"));
    for number in 0..4 {
        world.allocate(place, 1_000, 3_072.0);
        world.serve(REQUESTS, 2.0);
        world.snapshot(if number == 0 { Phase::WarmUp } else { Phase::Rung });
    }
    idle(&mut world, |world| world.allocate(place, 500, 3_072.0));
    let report = world.judge(1);
    assert_eq!(report.verdict, Verdict::Leak);
    let rate = first(&report).rate;
    assert_eq!(rate.unit, Unit::Second);
    assert!(rate.low <= 1_536_000.0 && 1_536_000.0 <= rate.high, "{rate:?}");
    assert!(
        report.checks.iter().all(|check| check.passed),
        "{:?}",
        report.checks
    );
}

#[test]
fn growth_that_is_spread_over_hundreds_of_sites_is_told_by_what_calls_them() {
    let mut world = World::new(10, INTERVAL);
    let places: Vec<usize> = (0..300)
        .map(|at| {
            let part = frame(&format!("shop::part_{at}"), OWN, 3);
            world.add_place(vec![part, frame("shop::rebuild", OWN, 2)], Some("Load"), None)
        })
        .collect();
    let report = hunted(&mut world, 3, |world, _, requests| {
        for place in &places {
            world.allocate(*place, requests / 100, 96.0);
        }
    });
    assert_eq!(report.verdict, Verdict::Leak, "{:?}", report.sites.len());
    let site = first(&report);
    assert!(site.spread && site.function == "shop::rebuild", "{site:?}");
    assert!(
        site.rate.low <= 288.0 && 288.0 <= site.rate.high,
        "{:?}",
        site.rate
    );
}

#[test]
fn requests_of_others_while_there_is_no_load_fail_the_idle_round() {
    let mut world = World::new(11, INTERVAL);
    let place = world.place("shop::list", None);
    hunted(&mut world, 3, |world, _, requests| {
        world.allocate(place, requests, 512.0)
    });
    let idle = |report: Report| {
        let check = report
            .checks
            .into_iter()
            .find(|check| check.name == CheckName::IdleRound);
        check.expect("there were idle phases")
    };
    // A health check now and then is none.
    world.serve(5, 1.0);
    world.snapshot(Phase::Idle);
    assert!(idle(world.judge(1)).passed);
    world.serve(5_000, 1.0);
    world.snapshot(Phase::Idle);
    let check = idle(world.judge(1));
    assert!(
        !check.passed && check.message.contains("5005 requests"),
        "{check:?}"
    );
}

#[test]
fn the_warm_up_is_told_apart_from_what_the_service_did_before() {
    let mut world = World::new(15, INTERVAL);
    world.serve(1_000_000, 3_600.0);
    world.open_cohort();
    let report = hunted(&mut world, 3, |_, _, _| {});
    let warm_up = &report.phases[0];
    assert_eq!(
        (warm_up.phase, warm_up.units, warm_up.seconds),
        (Phase::WarmUp, REQUESTS / 2, 2.0)
    );
    assert_eq!(report.started, 2_000);
}

#[test]
fn a_jump_without_load_fails_the_idle_round() {
    let mut world = World::new(12, INTERVAL);
    let place = world.place("shop::list", None);
    hunted(&mut world, 3, |_, _, _| {});
    world.allocate(place, 100, 65_536.0);
    world.serve(0, 1.0);
    world.snapshot(Phase::Idle);
    let report = world.judge(1);
    let idle = report
        .checks
        .iter()
        .find(|check| check.name == CheckName::IdleRound);
    assert!(
        idle.is_some_and(|check| !check.passed && check.message.contains("shop::list")),
        "{report:?}"
    );
    // What a method that fails here has not found may still be there.
    assert_eq!(report.verdict, Verdict::Inconclusive);
}

#[test]
fn memory_that_no_sample_accounts_for_fails_the_account() {
    let mut world = World::new(13, INTERVAL);
    let place = world.place("shop::list", None);
    let mut accounted = |extra: f64| {
        let report = hunted(&mut world, 3, |world, _, requests| {
            world.allocate(place, requests, 512.0);
            world.live += extra;
        });
        let check = report
            .checks
            .into_iter()
            .find(|check| check.name == CheckName::Accounted);
        check.expect("there are figures").passed
    };
    assert!(accounted(0.0));
    assert!(!accounted(20e6));
}

#[test]
fn a_hunt_needs_snapshots_of_one_recorder_load_and_three_rungs() {
    let mut world = World::new(14, INTERVAL);
    let place = world.place("shop::list", None);
    for phase in [Phase::WarmUp, Phase::Rung, Phase::Rung] {
        world.allocate(place, REQUESTS, 512.0);
        world.serve(REQUESTS, 2.0);
        world.snapshot(phase);
    }
    let error = |world: &World| hunt::judge(&world.readings(), &settings(1)).expect_err("refused");
    assert!(matches!(
        error(&world),
        Error::TooFewRungs {
            found: 2,
            expected: 3
        }
    ));
    world.serve(0, 1.0);
    world.snapshot(Phase::Rung);
    assert!(matches!(error(&world), Error::NoLoad { unit: "requests" }));
    world.process = "3@4".to_owned();
    world.serve(REQUESTS, 1.0);
    world.snapshot(Phase::Rung);
    assert!(matches!(error(&world), Error::OutOfOrder { .. }));
    let mut readings = world.readings();
    let foreign = with_objects(&[]);
    readings[0].snapshot = &foreign;
    assert!(matches!(
        hunt::judge(&readings, &settings(1)),
        Err(Error::NotRecorded { .. })
    ));
}
