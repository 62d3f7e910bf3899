//! How an id that somebody typed becomes a problem.

use crate::catalog::{Problem, problems};

/// Why what was typed is no problem's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// No id and no name begins so.
    #[error("no problem is called `{given}`")]
    Unknown {
        /// What was typed.
        given: String,
        /// All ids.
        ids: Vec<String>,
    },
    /// Several do.
    #[error("`{given}` could be any of {}", candidates.join(", "))]
    Ambiguous {
        /// What was typed.
        given: String,
        /// The ids that it may mean.
        candidates: Vec<String>,
    },
}

impl FindError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { ids, .. } => format!("the problems are {}", ids.join(", ")),
            Self::Ambiguous { .. } => "type more of the id or of the name".to_owned(),
        }
    }
}

/// The problem with that id or name, or the only one whose id or name begins so.
pub(crate) fn find<'a>(problems: &'a [Problem], given: &str) -> Result<&'a Problem, FindError> {
    if let Some(exact) = problems
        .iter()
        .find(|problem| problem.id == given || problem.name == given)
    {
        return Ok(exact);
    }
    let begins = |problem: &&Problem| problem.id.starts_with(given) || problem.name.starts_with(given);
    let candidates: Vec<&Problem> = problems.iter().filter(begins).collect();
    let given = given.to_owned();
    match candidates[..] {
        [only] => Ok(only),
        [] => Err(FindError::Unknown {
            given,
            ids: ids(problems),
        }),
        _ => Err(FindError::Ambiguous {
            given,
            candidates: ids(candidates),
        }),
    }
}

/// The same among all problems, where there is no lab to ask.
///
/// # Errors
/// Where none is meant, or more than one may be.
pub fn find_problem(given: &str) -> Result<Problem, FindError> {
    let mut problems = problems();
    let number = find(&problems, given)?.number;
    problems.retain(|problem| problem.number == number);
    Ok(problems.remove(0))
}

fn ids<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> Vec<String> {
    problems.into_iter().map(|problem| problem.id.clone()).collect()
}
