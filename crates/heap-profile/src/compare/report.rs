//! A comparison as programs read it: the data behind its JSON, and behind the published schema of that.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Amount, Column, Comparison, Site, View};

/// The version of [`ComparisonReport`]. It grows when a reader of the older one would misread the newer.
pub const COMPARISON_VERSION: u32 = 1;

/// Two snapshots or more, weighed against each other: the first rows by each key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "leaklab comparison")]
pub struct ComparisonReport {
    /// The version of this format.
    pub version: u32,
    /// The snapshots, in the order given, with their totals.
    pub snapshots: Vec<Column>,
    /// Live in the last snapshot less live in the first, in all.
    pub growth: Amount,
    /// Whether `new` and `freed` are exact, by the cohorts that objects were born in. Where they are not, they are net
    /// figures, stack by stack: what was freed and made anew on one stack is in neither.
    pub exact: bool,
    /// What else a reader should know.
    pub notes: Vec<String>,
    /// The first call sites that changed, what grew most first, what shrank most last.
    pub sites: Vec<Site>,
    /// How many call sites changed in all.
    pub sites_in_all: usize,
    /// By GraphQL field.
    pub fields: View,
    /// By GraphQL operation.
    pub operations: View,
    /// By the type that was allocated.
    pub types: View,
    /// By the time between two snapshots in which it was allocated.
    pub cohorts: View,
    /// By the program's own functions, each with all that it called: these overlap. A function is left out where it says
    /// no more than one of its callees.
    pub ancestors: View,
}

impl ComparisonReport {
    /// The JSON schema of this report, as text.
    pub fn json_schema() -> String {
        let schema = schemars::schema_for!(ComparisonReport);
        serde_json::to_string_pretty(&schema).expect("a schema is JSON")
    }
}

impl Comparison {
    /// The first rows by each key.
    pub fn report(&self, first: usize) -> ComparisonReport {
        let (sites, views) = (self.turned_over(), &self.views);
        ComparisonReport {
            version: COMPARISON_VERSION,
            snapshots: self.snapshots.clone(),
            growth: self.growth,
            exact: self.exact,
            notes: self.notes.clone(),
            sites: sites.iter().take(first).copied().cloned().collect(),
            sites_in_all: sites.len(),
            fields: views.field.first(first),
            operations: views.operation.first(first),
            types: views.kind.first(first),
            cohorts: views.cohort.first(first),
            ancestors: views.ancestor.first(first),
        }
    }
}
