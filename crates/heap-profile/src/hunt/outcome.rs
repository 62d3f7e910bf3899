//! What a report comes to, when the sites that are known already are left out: whether a hunt goes on, how a command exits,
//! and what the first line says.

use super::{Report, Verdict};

/// What a hunt comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing leaks but what is known.
    NoLeak,
    /// Something leaks that is not known.
    Leak,
    /// More evidence is needed, or a check of the method has failed.
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
        // What is known hides nothing of a method that does not hold up.
        let failed = report.checks.iter().any(|check| !check.passed);
        if any_new(Verdict::Leak) || at_large(Verdict::Leak) {
            Self::Leak
        } else if any_new(Verdict::Inconclusive) || at_large(Verdict::Inconclusive) || failed {
            Self::Inconclusive
        } else {
            Self::NoLeak
        }
    }
}
