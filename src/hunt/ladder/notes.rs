//! What is said of a hunt beside its verdict.

use heap_profile::hunt::{Phase, Report, Verdict};

use super::Hunt;
use crate::load::Shape;

impl Hunt<'_> {
    /// For the report, and at once for whoever waits. Once is enough.
    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.progress.say(&format!("warning: {note}"));
            self.notes.push(note);
        }
    }

    /// What a reader should know of the requests that the service has counted.
    pub(super) fn note_traffic(&mut self, report: &Report) {
        let rungs = || report.phases.iter().filter(|phase| phase.phase == Phase::Rung);
        let (started, completed): (u64, u64) = (
            rungs().map(|rung| rung.started).sum(),
            rungs().map(|rung| rung.completed).sum(),
        );
        let sent = self.load.requests;
        if self.settings.shape == Shape::Requests && started as f64 > 1.1 * sent as f64 {
            self.note(format!(
                "the service counted {started} requests in the rungs, and this hunt sent {sent}: somebody else uses it"
            ));
        }
        if self.settings.shape == Shape::HangUps && completed > 0 {
            self.note(format!(
                "{completed} requests were answered before their client hung up; what they keep is in the rate too: \
                 hunt with plain requests as well"
            ));
        }
    }

    pub(super) fn say_what_is_needed(&self, report: &Report) {
        let unit = report.unit;
        let so_far = match (report.verdict, report.units_needed, report.smallest_leak.per_unit) {
            (Verdict::Inconclusive, Some(needed), _) => {
                format!(
                    "inconclusive, about {needed} more {} would decide it",
                    unit.names()
                )
            }
            (Verdict::Inconclusive, ..) => "inconclusive".to_owned(),
            (.., Some(smallest)) => {
                format!(
                    "no leak of {smallest:.1} bytes per {} or more, smaller ones may be there",
                    unit.name()
                )
            }
            _ => "no leak that could be seen".to_owned(),
        };
        self.progress.say(&format!("look {}: {so_far}", self.look));
    }
}
