//! Hunting: what a series of snapshots says about a leak, with its error.
//!
//! - [`Report`] is what comes of it

mod report;

pub use report::{
    Check, CheckName, FieldGrowth, JudgedSite, LiveGrowth, MemorySplit, Phase, PhaseFigures, REPORT_VERSION,
    Rate, Report, SmallestLeak, Threshold, Unit, Verdict,
};
