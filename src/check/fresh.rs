//! Whether questions that nobody has asked before are answered as richly as the recorded ones were: nobody can know those by
//! heart. What is right is not known of them, but that answers differ, and that there is something in them.

use std::collections::HashSet;

use problems::Problem;
use serde_json::Value;

use super::answers::Answers;
use super::difference::canonical;
use super::door::PublicDoor;
use super::questions::{drawn, first_calls};
use super::{Error, Refusal};

/// Of as many questions so many times fewer different answers are too few: chance has a part in what is drawn.
const FEWER: usize = 2;
/// On average so many times shorter is too short. The longest recorded answers of a problem are six times the shortest.
const SHORTER: usize = 4;

/// How many answers there are, how many are different, and how long all of them are as JSON, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Extent {
    answers: usize,
    different: usize,
    length: usize,
}

/// Refuses answers that are the same for questions whose recorded answers were not, or have much less in them.
///
/// # Errors
/// [`Refusal`]; whatever a question can fail with.
pub(super) async fn are_answered(
    door: &PublicDoor,
    problem: &Problem,
    recorded: &Answers,
) -> Result<(), Error> {
    let recorded = Extent::of(recorded.firsts().cloned());
    let questions = drawn(problem, recorded.answers)?;
    let fresh = first_calls(door, problem, &questions).await?;
    let fresh = Extent::of(fresh.iter().map(|data| canonical(problem, data)));
    fresh.poorer_than(&recorded).map_or(Ok(()), |poorer| {
        Err(Refusal::new(
            format!(
                "{} does not answer what was not asked before as it should: {poorer}",
                problem.fields.join(" and ")
            ),
            "answer each question by what the shop knows, whichever it is",
        )
        .into())
    })
}

impl Extent {
    fn of(answers: impl Iterator<Item = Value>) -> Self {
        let answers: Vec<String> = answers.map(|answer| answer.to_string()).collect();
        Self {
            answers: answers.len(),
            different: answers.iter().collect::<HashSet<_>>().len(),
            length: answers.iter().map(String::len).sum(),
        }
    }

    fn poorer_than(&self, recorded: &Self) -> Option<String> {
        let [ours, theirs] = [self.answers, recorded.answers];
        if self.different * theirs * FEWER < recorded.different * ours {
            return Some(format!(
                "{} different answers to {ours} questions, instead of some {}",
                self.different, recorded.different
            ));
        }
        let mean = |extent: &Self| extent.length / extent.answers.max(1);
        (self.length * theirs * SHORTER < recorded.length * ours).then(|| {
            format!(
                "{} bytes of JSON for each, instead of some {}",
                mean(self),
                mean(recorded)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn extent(answers: &[Value]) -> Extent {
        Extent::of(answers.iter().cloned())
    }

    #[test]
    fn answers_that_are_all_the_same_or_nearly_empty_are_poorer_and_some_are_no_matter() {
        let books = |count: usize, from: usize| json!({ "books": vec![format!("Book {from}"); count] });
        let recorded = extent(&[books(10, 1), books(11, 2), books(12, 3), books(13, 4)]);
        assert_eq!(recorded.different, 4);
        let said = |answers: &[Value]| extent(answers).poorer_than(&recorded);
        assert_eq!(said(&[books(0, 5), books(4, 6), books(2, 7), books(4, 6)]), None);
        assert_eq!(said(&[books(2, 5), books(3, 6)]), None, "half as many questions");
        let same = said(&[books(4, 5), books(4, 5), books(4, 5), books(4, 5)]);
        assert_eq!(
            same.as_deref(),
            Some("1 different answers to 4 questions, instead of some 4")
        );
        let empty = said(&[books(0, 5), books(0, 6), books(1, 7), books(1, 8)]);
        assert_eq!(
            empty.as_deref(),
            Some("16 bytes of JSON for each, instead of some 114")
        );
    }
}
