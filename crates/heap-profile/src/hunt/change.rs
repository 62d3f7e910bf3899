//! What became of a leak: the rates of two hunts, before and after a fix, set side by side.
//!
//! # The rule
//! With `b` and `a` the rates before and after, for each field that leaks before, the first that holds:
//!
//! | change | where |
//! | --- | --- |
//! | inconclusive | the lower bound of `b` is not above the threshold: there was nothing to fix |
//! | fixed | the upper bound of `a` is below the threshold; or what the field holds was judged, and is a plateau, a step, a backlog or steady; or it is not among what grows, and a leak as small as the lower bound of `b` would have been seen |
//! | better | the lower bound of `b - a` is above 0 |
//! | worse | the upper bound of `b - a` is below 0 |
//! | same | the interval of `b - a` lies within a quarter of `b`, either way: two one-sided tests of equivalence (Schuirmann 1987) |
//! | inconclusive | else |
//!
//! # The interval of the difference
//! The two hunts are independent, and each rate comes with its own interval, which need not be symmetric. The method of
//! variance estimates recovery (MOVER; Zou and Donner, "Construction of confidence intervals about effect measures: a
//! general approach", Statistics in Medicine 27, 2008, equation 3) takes each bound's distance as what that side's variance
//! would give there:
//!
//! > low = (b - a) - sqrt((b - b.low)² + (a.high - a)²)
//! >
//! > high = (b - a) + sqrt((b.high - b)² + (a - a.low)²)
//!
//! Sums over the sites of one field are built in the same way. Intervals that are valid whenever a hunt stopped are wider
//! than they would have to be for one look, and so is what comes of them: on the safe side.

mod rule;

pub use rule::compare_rates;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Rate, Verdict};

/// Two hunts, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "leaklab comparison of rates")]
pub struct RateComparison {
    /// The hunt before.
    pub before: Hunted,
    /// The hunt after.
    pub after: Hunted,
    /// What became of it all: what became of each field, where that is the same; else by the whole live heap; the worst
    /// of the fields where some grow by time, which does not add up with growth by load.
    pub change: Change,
    /// Why, in a few words.
    pub reason: String,
    /// The whole live heap's growth; nothing where the hunts cannot be compared.
    pub live: Option<Rates>,
    /// The fields that leak before, then those that leak only after.
    pub fields: Vec<FieldChange>,
}

/// Which hunt it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hunted {
    /// What was hunted.
    pub subject: String,
    /// When the first snapshot was taken, in milliseconds since 1970.
    pub started: i64,
    /// What the hunt found.
    pub verdict: Verdict,
}

/// What became of a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// It is gone.
    Fixed,
    /// Less than before, and not shown to be gone.
    Better,
    /// As before, to within a quarter.
    Same,
    /// More than before, or new.
    Worse,
    /// Not enough evidence, or nothing to compare.
    Inconclusive,
}

/// What became of one field's leak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// As `Parent.field`; nothing for what belongs to no field.
    pub field: Option<String>,
    /// The function that leaks most in it.
    pub function: Option<String>,
    /// Its rates.
    pub rates: Rates,
    /// What became of it.
    pub change: Change,
    /// Why, in a few words.
    pub reason: String,
}

/// A rate before and after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Before; nothing where it was not seen to grow.
    pub before: Option<Rate>,
    /// After; nothing where it was not seen to grow.
    pub after: Option<Rate>,
    /// Before less after, with a 95 % interval, where there are both.
    pub less: Option<Rate>,
}
