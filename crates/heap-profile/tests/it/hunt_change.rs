//! Two hunts side by side, before and after a fix.

use heap_profile::hunt::{Change, Rate, RateComparison, Report, Unit, Verdict, compare_rates};
use heap_profile::render;

use crate::hunt_support::{empty, inconclusive, leak, per_second, rate, settled, site, steady, with_sites};

fn leaking(bytes: f64, error: f64) -> Report {
    let growth = rate(bytes, error, Unit::Request);
    with_sites(
        steady(),
        vec![site("<shop::Query>::hello", Verdict::Leak, growth)],
    )
}

fn judged(before: &Report, after: &Report) -> (Change, Vec<Change>) {
    let comparison = compare_rates(before, after);
    assert!(!comparison.reason.is_empty());
    (
        comparison.change,
        comparison.fields.iter().map(|field| field.change).collect(),
    )
}

#[test]
fn a_leak_is_fixed_better_the_same_or_worse() {
    let before = leaking(1000.0, 50.0);
    for (after, change) in [
        (steady(), Change::Fixed),
        (settled(), Change::Fixed),
        (leaking(500.0, 50.0), Change::Better),
        (leaking(1010.0, 50.0), Change::Same),
        (leaking(1200.0, 50.0), Change::Worse),
        (leaking(1100.0, 300.0), Change::Inconclusive),
    ] {
        assert_eq!(judged(&before, &after), (change, vec![change]));
    }
}

#[test]
fn a_leak_that_a_clean_hunt_would_have_seen_is_worse() {
    let (change, fields) = judged(&steady(), &leaking(1000.0, 50.0));
    assert_eq!((change, fields), (Change::Worse, vec![Change::Worse]));
}

#[test]
fn hunts_of_different_operations_are_not_compared() {
    let mut after = steady();
    after.subject = "03lookup".to_owned();
    let comparison = compare_rates(&leaking(1000.0, 50.0), &after);
    assert_eq!(comparison.change, Change::Inconclusive);
    assert!(
        comparison.reason.contains("03lookup after"),
        "{}",
        comparison.reason
    );
    assert!(comparison.fields.is_empty());
}

#[test]
fn an_upper_bound_below_the_threshold_is_fixed_and_one_above_is_not() {
    let before = leaking(1000.0, 50.0);
    let after = |error| {
        let growth = rate(2.0, error, Unit::Request);
        with_sites(
            steady(),
            vec![site("<shop::Query>::hello", Verdict::Inconclusive, growth)],
        )
    };
    assert_eq!(judged(&before, &after(1.5)).0, Change::Fixed);
    assert_eq!(judged(&before, &after(9.0)).0, Change::Better);
}

#[test]
fn what_was_not_shown_to_leak_cannot_be_fixed() {
    for before in [steady(), inconclusive(), empty()] {
        assert_eq!(judged(&before, &steady()), (Change::Inconclusive, vec![]));
    }
    let doubtful = leaking(10.0, 9.0);
    assert_eq!(
        judged(&doubtful, &steady()),
        (Change::Inconclusive, vec![Change::Inconclusive])
    );
}

#[test]
fn a_hunt_that_was_blind_proves_no_fix() {
    assert_eq!(judged(&leaking(1000.0, 50.0), &empty()).0, Change::Inconclusive);
    let mut after = steady();
    after.smallest_leak.per_unit = Some(960.0);
    assert_eq!(judged(&leaking(1000.0, 50.0), &after).0, Change::Inconclusive);
    after.smallest_leak.per_unit = Some(940.0);
    assert_eq!(judged(&leaking(1000.0, 50.0), &after).0, Change::Fixed);
}

#[test]
fn a_leak_by_time_is_compared_by_time() {
    assert_eq!(judged(&per_second(), &steady()).0, Change::Fixed);
    assert_eq!(judged(&per_second(), &per_second()).0, Change::Same);
    let mut after = steady();
    after.smallest_leak.per_second = None;
    assert_eq!(judged(&per_second(), &after).0, Change::Inconclusive);
}

#[test]
fn a_new_leak_is_worse_and_forbids_fixed() {
    let mut moved = leaking(900.0, 10.0);
    moved.fields[0].field = Some("Query.other".to_owned());
    moved.sites[0].field = Some("Query.other".to_owned());
    moved.live.per_unit = rate(1.0, 1.0, Unit::Request);
    let (change, fields) = judged(&leaking(1000.0, 50.0), &moved);
    assert_eq!(
        (change, fields),
        (Change::Better, vec![Change::Fixed, Change::Worse])
    );
    let comparison = compare_rates(&leaking(1000.0, 50.0), &moved);
    assert_eq!(comparison.fields[1].rates.before, None);
    let by_time = judged(&leaking(1000.0, 50.0), &per_second());
    assert_eq!(by_time, (Change::Worse, vec![Change::Fixed, Change::Worse]));
}

#[test]
fn hunts_that_count_otherwise_are_not_compared() {
    let mut events = leak();
    events.unit = Unit::Event;
    let mut strict = leak();
    strict.threshold.per_unit = 1.0;
    for (other, word) in [(events, "units"), (strict, "thresholds")] {
        let comparison = compare_rates(&leak(), &other);
        assert_eq!(comparison.change, Change::Inconclusive);
        assert!(comparison.reason.contains(word), "{}", comparison.reason);
        assert!(comparison.live.is_none() && comparison.fields.is_empty());
    }
}

/// b = 10 (9 to 14), a = 4 (1 to 6): low = 6 - sqrt(1 + 4), high = 6 + sqrt(16 + 9).
#[test]
fn each_bound_of_a_difference_takes_the_variance_of_its_own_side() {
    let unit = Unit::Request;
    let report = |bytes, low, high| {
        let growth = Rate {
            bytes,
            low,
            high,
            unit,
        };
        with_sites(steady(), vec![site("a::b", Verdict::Leak, growth)])
    };
    let comparison = compare_rates(&report(10.0, 9.0, 14.0), &report(4.0, 1.0, 6.0));
    let less = comparison.fields[0].rates.less.expect("both grow");
    assert!((less.low - (6.0 - 5f64.sqrt())).abs() < 1e-3, "{less:?}");
    assert!((less.high - 11.0).abs() < 1e-3, "{less:?}");
}

#[test]
fn figures_that_are_none_decide_nothing() {
    let after = leaking(f64::NAN, f64::INFINITY);
    assert_eq!(judged(&leaking(1000.0, 50.0), &after).0, Change::Inconclusive);
}

#[test]
fn a_change_survives_json_and_reads_well() {
    for (name, after) in [
        ("fixed", steady()),
        ("better", leaking(3000.0, 90.0)),
        ("per_second", per_second()),
    ] {
        let comparison = compare_rates(&leak(), &after);
        let json = serde_json::to_string(&comparison).expect("it is data");
        assert_eq!(
            serde_json::from_str::<RateComparison>(&json).expect("it is one"),
            comparison
        );
        insta::assert_snapshot!(format!("change_{name}"), render::hunt::change(&comparison));
    }
}
