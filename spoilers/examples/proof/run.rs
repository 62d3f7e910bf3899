//! A run: what came of it, and what should have.

use std::fs;
use std::path::Path;

use heap_profile::hunt::{Report, Verdict};
use heap_profile::render;
use problems::Problem;
use serde::{Deserialize, Serialize};

use crate::Result;

/// What a problem's `answer.toml` says of a hunt.
#[derive(Deserialize)]
pub(crate) struct Answer {
    kinds: Vec<String>,
    field: Option<String>,
    holder: Option<String>,
    #[serde(default)]
    verdicts: Vec<Verdict>,
    #[serde(flatten)]
    rest: toml::Table,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Variant {
    Leaky,
    Healed,
    Innocent,
}

/// What came of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The problem's id.
    pub(crate) problem: String,
    pub(crate) variant: Variant,
    pub(crate) seconds: f64,
    /// The report's verdict; nothing where there was no report.
    pub(crate) verdict: Option<Verdict>,
    /// Whether it is what it should be: a leak, found; a healed or an innocent one, not accused.
    pub(crate) right: bool,
    field: Option<String>,
    pub(crate) right_field: bool,
    /// What the first path of the first holders in the report ends at.
    holder: Option<String>,
    /// Whether that is the answer's.
    pub(crate) right_holder: bool,
    /// Whether the answer's is among the first three.
    pub(crate) holder_named: bool,
    /// Bytes per unit: the estimate and its interval.
    pub(crate) rate: Option<[f64; 3]>,
    /// Whether it took a second try, with more time.
    #[serde(default)]
    pub(crate) undecided: bool,
    /// What else was said, where it is not right.
    pub(crate) said: String,
}

/// How a command has ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    /// What was said last of what is not right.
    pub(crate) said: String,
    pub(crate) seconds: f64,
    pub(crate) report: Option<Report>,
}

impl Variant {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Leaky => "leaky",
            Self::Healed => "healed",
            Self::Innocent => "innocent",
        }
    }
}

impl Answer {
    /// # Errors
    /// Where the problem has none, or one that cannot be read.
    pub(crate) fn of(problem: &Problem) -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(problem.folder())
            .join("answer.toml");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
    }

    pub(crate) fn variants(&self) -> &'static [Variant] {
        if self.kinds.iter().any(|kind| kind == "innocent") {
            &[Variant::Innocent]
        } else {
            &[Variant::Leaky, Variant::Healed]
        }
    }

    /// Bytes per unit, counted by the allocator.
    pub(crate) fn counted(&self) -> Option<i64> {
        let rate = self.rest.iter().find(|(key, _)| key.starts_with("bytes_per_"));
        rate.and_then(|(_, bytes)| bytes.as_integer())
    }

    /// An answer may name a module, of which any task will do.
    fn names(&self, holder: &str) -> bool {
        let within = |right: &str| {
            holder
                .strip_prefix(right)
                .is_some_and(|rest| rest.starts_with("::"))
        };
        self.holder
            .as_deref()
            .is_some_and(|right| holder == right || within(right))
    }
}

impl Run {
    pub(crate) fn of(problem: &Problem, answer: &Answer, variant: Variant, ended: Ended) -> Self {
        let verdict = ended.report.as_ref().map(|report| report.verdict);
        let mut run = Self {
            problem: problem.id.clone(),
            variant,
            seconds: ended.seconds,
            verdict,
            right: ended.code == 0,
            field: None,
            right_field: true,
            holder: None,
            right_holder: true,
            holder_named: true,
            rate: None,
            undecided: false,
            said: ended.said,
        };
        match variant {
            Variant::Healed => {}
            Variant::Innocent => {
                run.right &= verdict.is_some_and(|verdict| answer.verdicts.contains(&verdict));
            }
            Variant::Leaky => {
                run.right = ended.code == 1 && verdict == Some(Verdict::Leak);
                run.note_suspects(answer, ended.report.as_ref());
            }
        }
        if run.said.is_empty() {
            run.said = run.describe();
        }
        run
    }

    fn note_suspects(&mut self, answer: &Answer, report: Option<&Report>) {
        let first = report.and_then(|report| report.fields.first());
        self.field = first.and_then(|first| first.field.clone());
        self.right_field = self.field.is_some() && self.field == answer.field;
        self.rate = first.map(|first| [first.rate.bytes, first.rate.low, first.rate.high]);
        let holders = report.map(holders).unwrap_or_default();
        self.right_holder = holders.first().is_some_and(|first| answer.names(first));
        self.holder_named = holders.iter().any(|holder| answer.names(holder));
        self.holder = holders.into_iter().next();
    }

    pub(crate) fn is_right(&self) -> bool {
        self.right && self.right_field
    }

    /// Whether its interval has that many bytes per unit.
    pub(crate) fn covers(&self, bytes: f64) -> bool {
        self.rate
            .is_some_and(|[_, low, high]| (low..=high).contains(&bytes))
    }

    fn describe(&self) -> String {
        let verdict = self.verdict.map_or_else(|| "no report".to_owned(), name);
        match self.variant {
            Variant::Leaky => format!(
                "{verdict} {} <- {}",
                self.field.as_deref().unwrap_or("no field"),
                self.holder.as_deref().unwrap_or("nobody known")
            ),
            _ => verdict,
        }
    }
}

pub(crate) fn name(verdict: Verdict) -> String {
    format!("{verdict:?}").to_lowercase()
}

/// What the first three paths of the first holders in a report end at.
fn holders(report: &Report) -> Vec<String> {
    let holders = report.sites.iter().find_map(|site| site.holders.as_ref());
    let paths = holders.into_iter().flat_map(|holders| &holders.paths);
    paths
        .take(3)
        .map(|path| render::holders::root(&path.root))
        .collect()
}
