//! Loads other than requests: what growth is counted in then.

use heap_profile::hunt::{Phase, PhaseFigures, Report, Unit};

use super::Hunt;
use crate::harness::Lab;
use crate::load_shapes::{reviews, search};

/// What was counted in each of the rungs.
fn rungs(report: &Report) -> Vec<&PhaseFigures> {
    let phases = report.phases.iter();
    phases.filter(|phase| phase.phase == Phase::Rung).collect()
}

/// Hunts with those flags, and with the operation of some others.
fn report_of(shape: &str, operation: &[String]) -> Report {
    let lab = Lab::start(&["--field-labels"]);
    let mut flags = vec!["--load-shape", shape, "--format", "json"];
    flags.extend(operation.iter().map(String::as_str));
    let (code, stdout, stderr) = Hunt::at(&lab, &flags).run();
    assert!(matches!(code, Some(0 | 1 | 3)), "{stderr}");
    serde_json::from_str(&stdout).expect("a report")
}

#[test]
fn growth_is_counted_per_request_that_clients_hung_up_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = report_of("hang-ups", &search(folder.path()));
    assert_eq!(report.unit, Unit::CancelledRequest);
    assert_eq!(report.live.per_unit.unit, Unit::CancelledRequest);
    for rung in rungs(&report) {
        assert!(rung.cancelled > 0 && rung.units == rung.cancelled, "{rung:?}");
        // Some are waited for, so that the service is seen to answer at all.
        assert!(rung.completed > 0, "{rung:?}");
    }
}

#[test]
fn growth_is_counted_per_request_that_brings_about_an_event_which_nobody_reads() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = report_of("stalled", &reviews(folder.path()));
    assert_eq!(report.unit, Unit::Request);
    assert_eq!(report.live.per_unit.unit, Unit::Request);
    for rung in rungs(&report) {
        assert!(rung.completed > 0 && rung.units == rung.completed, "{rung:?}");
    }
    assert!(report.phases.iter().all(|phase| phase.cancelled <= phase.started));
}

#[test]
fn a_problem_brings_the_load_that_shows_it() {
    let mut hunt = Hunt::new(&["13", "--format", "json"]);
    let (code, stdout, stderr) = hunt.run();
    assert_eq!(code, Some(1), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).expect("a report");
    assert_eq!(report.fields[0].field.as_deref(), Some("Mutation.scanParcel"));
}
