//! The file of leaks that are known.

use heap_profile::Error;
use heap_profile::hunt::{Baseline, Outcome, Report};
use heap_profile::render::hunt::table;

use crate::hunt_support::{inconclusive, known, leak};

#[test]
fn a_baseline_has_the_leaking_sites_and_survives_its_file() {
    let baseline = Baseline::of(&leak());
    assert!(baseline.knows("<shop::Query>::hello@src/catalog.rs"));
    assert!(
        !baseline.knows("shop::prices::load@src/catalog.rs"),
        "it does not leak"
    );
    assert_eq!(
        Baseline::parse(&baseline.to_json()).expect("its own file"),
        baseline
    );
    insta::assert_snapshot!(baseline.to_json());
}

#[test]
fn a_baseline_by_hand_needs_keys_alone() {
    let baseline = Baseline::parse(r#"{"version": 1, "sites": [{"key": "a"}]}"#).expect("it is one");
    assert!(baseline.knows("a") && !baseline.knows("b"));
}

#[test]
fn what_is_no_baseline_is_refused_with_what_was_expected() {
    for (text, told) in [
        ("", "EOF"),
        ("[]", "expected"),
        (r#"{"sites": []}"#, "missing field `version`"),
        (
            r#"{"version": 2, "sites": [], "more": 1}"#,
            "its version is 2, expected 1",
        ),
        (
            r#"{"version": 1, "sites": [{"function": "a"}]}"#,
            "missing field `key`",
        ),
        (
            r#"{"version": 1, "sites": [], "keys": []}"#,
            "unknown field `keys`",
        ),
        (
            r#"{"version": 1, "sites": [{"key": "a", "verdict": "bad"}]}"#,
            "unknown variant `bad`",
        ),
    ] {
        let error = Baseline::parse(text).expect_err(text);
        assert!(matches!(error, Error::BadBaseline { .. }), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
}

/// What it comes to, and how its first line begins.
fn outcome(report: &Report) -> (Outcome, String) {
    let table = table(report);
    let first = table.split_once(':').map_or(&*table, |(first, _)| first);
    (Outcome::of(report), first.to_owned())
}

#[test]
fn what_is_known_is_left_out_and_hides_no_check_that_failed() {
    let told = |outcome, words: &str| (outcome, words.to_owned());
    assert_eq!(outcome(&leak()), told(Outcome::Leak, "leak"));
    let mut known = known();
    assert_eq!(outcome(&known), told(Outcome::NoLeak, "no new leak"));
    known.checks[0].passed = false;
    assert_eq!(outcome(&known), told(Outcome::Inconclusive, "inconclusive"));

    let mut undecided = inconclusive();
    assert_eq!(outcome(&undecided), told(Outcome::Inconclusive, "inconclusive"));
    for check in &mut undecided.checks {
        check.passed = true;
    }
    undecided.sites[0].known = true;
    assert_eq!(outcome(&undecided), told(Outcome::NoLeak, "no leak"));
}
