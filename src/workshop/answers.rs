//! Whether a learner's answer is right.
//!
//! The program has only hashes of the right answers (`problems/answers.toml`), as many for each part of each problem, an
//! innocent one too: what is right cannot be read from them, nor how much of it there is. They keep nobody from trying
//! all words of a list.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::kinds::INNOCENT;
use super::normal;
use super::progress::Answered;
use crate::digest::sha256;

/// How many hashes there are for each part of each problem.
pub const HASHES: usize = 12;

/// Bytes of a hash that are kept.
const HASH_BYTES: usize = 16;

const EMBEDDED: &str = include_str!("../../problems/answers.toml");

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What piles up.
    Type,
    /// Who holds it.
    Holder,
    /// What kind of mistake it is: a word of [`KINDS`](super::KINDS).
    Kind,
}

impl Part {
    /// All of them.
    pub const ALL: [Part; 3] = [Part::Type, Part::Holder, Part::Kind];

    /// What it is called on the command line and in the file of hashes.
    pub fn name(self) -> &'static str {
        match self {
            Part::Type => "type",
            Part::Holder => "holder",
            Part::Kind => "kind",
        }
    }
}

/// A learner's answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Nothing is lost.
    Innocent,
    /// Something is.
    Leak {
        /// What piles up, as it was typed.
        type_: String,
        /// Who holds it, as it was typed.
        holder: String,
        /// A word of [`KINDS`](super::KINDS).
        kind: String,
    },
}

/// What came of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// All of it is right.
    Right,
    /// Some parts are: those that are set.
    Partly(Answered),
    /// None is.
    Wrong,
}

/// Why an answer cannot be judged.
#[derive(Debug, thiserror::Error)]
#[error(
    "nobody has said what is right about `{problem}`\nhint: problems/answers.toml is made from spoilers/: see docs/add-a-problem.md"
)]
pub struct AnswerError {
    problem: String,
}

/// The right answers, as hashes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Answers(BTreeMap<String, Hashes>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashes {
    #[serde(rename = "type")]
    type_: Vec<String>,
    holder: Vec<String>,
    kind: Vec<String>,
}

impl Answers {
    /// Those of this program's catalogue.
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED).expect("embedded, and read by the tests")
    }

    /// From the text of such a file.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Holds an answer against those that are right about the problem with that name: the verdict, and what of the
    /// answer was right, to be kept.
    ///
    /// # Errors
    /// Where no answer to that problem is known.
    pub fn judge(&self, problem: &str, answer: &Answer) -> Result<(Judgement, Answered), AnswerError> {
        let hashes = self.0.get(problem).ok_or_else(|| AnswerError {
            problem: problem.to_owned(),
        })?;
        let fits = |part, typed: &str| hashes.of(part).contains(&fingerprint(problem, part, typed));
        let answered = match answer {
            Answer::Innocent => Answered {
                innocent: fits(Part::Kind, INNOCENT),
                ..Answered::default()
            },
            Answer::Leak { type_, holder, kind } => Answered {
                type_: fits(Part::Type, type_),
                holder: fits(Part::Holder, holder),
                kind: kind != INNOCENT && fits(Part::Kind, kind),
                innocent: false,
            },
        };
        let judgement = match answered {
            Answered { innocent: true, .. } => Judgement::Right,
            Answered {
                type_: true,
                holder: true,
                kind: true,
                ..
            } => Judgement::Right,
            none if none == Answered::default() => Judgement::Wrong,
            some => Judgement::Partly(some),
        };
        Ok((judgement, answered))
    }
}

impl Hashes {
    fn of(&self, part: Part) -> &[String] {
        match part {
            Part::Type => &self.type_,
            Part::Holder => &self.holder,
            Part::Kind => &self.kind,
        }
    }
}

/// The hash by which something typed is compared: in hexadecimal, of its normal form, the part, and the problem's name.
pub fn fingerprint(problem: &str, part: Part, typed: &str) -> String {
    let normal = match part {
        Part::Type => normal::of_type(typed),
        Part::Holder => normal::of_holder(typed),
        Part::Kind => typed.to_owned(),
    };
    let mut hash = sha256(format!("leaklab/{problem}/{}/{normal}", part.name()).as_bytes());
    hash.truncate(2 * HASH_BYTES);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        let hash = |problem, part, typed| fingerprint(problem, part, typed);
        let text = format!(
            "[shelf]\ntype = [\"{}\"]\nholder = [\"{}\"]\nkind = [\"{}\"]\n[quiet]\ntype = []\nholder = []\nkind = [\"{}\"]\n",
            hash("shelf", Part::Type, "Shelf"),
            hash("shelf", Part::Holder, "static shop::SHELVES"),
            hash("shelf", Part::Kind, "chain"),
            hash("quiet", Part::Kind, INNOCENT),
        );
        Answers::parse(&text).expect("hashes")
    }

    fn leak(type_: &str, holder: &str, kind: &str) -> Answer {
        let [type_, holder, kind] = [type_, holder, kind].map(str::to_owned);
        Answer::Leak { type_, holder, kind }
    }

    fn judged(problem: &str, answer: &Answer) -> Judgement {
        answers().judge(problem, answer).expect("known").0
    }

    #[test]
    fn right_needs_all_parts_and_partly_says_which() {
        assert_eq!(
            judged("shelf", &leak("Arc<Shelf>", "SHELVES", "chain")),
            Judgement::Right
        );
        let partly = |type_, holder, kind| {
            let innocent = false;
            Judgement::Partly(Answered {
                type_,
                holder,
                kind,
                innocent,
            })
        };
        assert_eq!(
            judged("shelf", &leak("Book", "SHELVES", "chain")),
            partly(false, true, true)
        );
        assert_eq!(
            judged("shelf", &leak("Shelf", "BOOKS", "chain")),
            partly(true, false, true)
        );
        assert_eq!(
            judged("shelf", &leak("Shelf", "SHELVES", "cycle")),
            partly(true, true, false)
        );
        assert_eq!(judged("shelf", &leak("Book", "BOOKS", "cycle")), Judgement::Wrong);
        assert_eq!(judged("shelf", &leak("", "", "")), Judgement::Wrong);
    }

    #[test]
    fn innocent_is_right_of_the_innocent_alone() {
        assert_eq!(judged("quiet", &Answer::Innocent), Judgement::Right);
        assert_eq!(judged("shelf", &Answer::Innocent), Judgement::Wrong);
        assert_eq!(
            judged("quiet", &leak("Shelf", "SHELVES", "chain")),
            Judgement::Wrong
        );
        assert_eq!(
            judged("quiet", &leak("Shelf", "SHELVES", INNOCENT)),
            Judgement::Wrong
        );
    }

    #[test]
    fn what_nobody_has_answered_is_an_error() {
        let error = answers()
            .judge("unknown", &Answer::Innocent)
            .expect_err("unknown");
        assert!(error.to_string().contains("`unknown`"), "{error}");
    }

    #[test]
    fn a_hash_is_of_one_problem_and_one_part() {
        let hash = fingerprint("shelf", Part::Type, "shelf");
        assert_eq!(hash.len(), 2 * HASH_BYTES);
        assert_ne!(hash, fingerprint("shelf", Part::Holder, "shelf"));
        assert_ne!(hash, fingerprint("basket", Part::Type, "shelf"));
    }
}
