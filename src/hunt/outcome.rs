//! What a report comes to, when the sites that are known already are left out: whether a hunt goes on, and how the
//! command exits.

use heap_profile::hunt::{Report, Verdict};

/// What a hunt comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing leaks but what is known.
    NoLeak,
    /// Something leaks that is not known.
    Leak,
    /// More evidence is needed.
    Inconclusive,
}

impl Outcome {
    /// What this report comes to.
    pub fn of(report: &Report) -> Self {
        let any = |verdict| report.sites.iter().any(|site| site.verdict == verdict);
        let any_new = |verdict| {
            report
                .sites
                .iter()
                .any(|site| site.verdict == verdict && !site.known)
        };
        // A verdict that no site accounts for is about the whole program, which no baseline knows.
        let at_large = |verdict| report.verdict == verdict && !any(verdict);
        if any_new(Verdict::Leak) || at_large(Verdict::Leak) {
            Self::Leak
        } else if any_new(Verdict::Inconclusive) || at_large(Verdict::Inconclusive) {
            Self::Inconclusive
        } else {
            Self::NoLeak
        }
    }
}
