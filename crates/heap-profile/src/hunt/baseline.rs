//! Leaks that are known already: a hunt tells of them, and does not fail for them.
//!
//! A baseline is a small JSON file that is kept beside the code, and read and written by hand as well.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Report, Verdict};
use crate::Error;

/// The version of [`Baseline`].
pub const BASELINE_VERSION: u32 = 1;

const EXPECTED: &str = r#"{"version": 1, "sites": [{"key": "...", "function": "...", "note": "..."}]}"#;

/// The leaks that are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "leaklab baseline")]
pub struct Baseline {
    /// The version of this format.
    pub version: u32,
    /// The sites, by their keys.
    pub sites: Vec<KnownSite>,
}

/// A site that is known to leak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KnownSite {
    /// The site's key, as a report has it.
    pub key: String,
    /// Its function: for the reader, not compared.
    #[serde(default)]
    pub function: String,
    /// What it was found to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why it is left as it is: for the reader.
    #[serde(default)]
    pub note: String,
}

/// Read first, so that a newer file is told by its version and not by a field.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Baseline {
    /// The sites of a report that leak, or may leak, with empty notes.
    pub fn of(report: &Report) -> Baseline {
        let is_open = |verdict| matches!(verdict, Verdict::Leak | Verdict::Inconclusive);
        let leaking = report.sites.iter().filter(|site| is_open(site.verdict));
        let known = leaking.map(|site| KnownSite {
            key: site.key.clone(),
            function: site.function.clone(),
            verdict: Some(site.verdict),
            note: String::new(),
        });
        Baseline {
            version: BASELINE_VERSION,
            sites: known.collect(),
        }
    }

    /// A baseline from its JSON.
    ///
    /// # Errors
    /// Where it is none, or of another version.
    pub fn parse(json: &str) -> Result<Baseline, Error> {
        let bad = |reason: String| Error::BadBaseline { reason };
        let unreadable = |error: serde_json::Error| bad(format!("{error}, expected {EXPECTED}"));
        let Version { version } = serde_json::from_str(json).map_err(unreadable)?;
        if version != BASELINE_VERSION {
            return Err(bad(format!(
                "its version is {version}, expected {BASELINE_VERSION}"
            )));
        }
        serde_json::from_str(json).map_err(unreadable)
    }

    /// Its JSON, on several lines, so that a diff shows what changed.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("a baseline has no maps");
        json.push('\n');
        json
    }

    /// Whether the site with this key is in it.
    pub fn knows(&self, key: &str) -> bool {
        self.sites.iter().any(|site| site.key == key)
    }
}
