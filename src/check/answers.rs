//! Whether answers are right: by those that the shipped lab gave to the same questions, which `responses.json` in each problem's
//! folder has.
//!
//! The shop's data comes from a fixed seed, so that most answers are the same in each lab; what differs from call to call is
//! named in the manifest. Long texts are kept by their beginning and their hash.

use std::path::{Path, PathBuf};

use problems::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clients;
use super::difference::{canonical, canonical_response, difference};
use super::door::{PublicDoor, shown_variables};
use super::questions::{self, first_calls, follow_up};
use super::{Error, Refusal};

const NEXT: &str = "answer what the shop answers; only what is kept behind the answer may change";

/// The recorded answers of a problem.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    calls: Vec<Conversation>,
    /// The responses to the documents that the manifest has under `also`, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<Value>,
}

/// One call of the problem's operation and those that follow it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Conversation {
    /// The variables of the first call; of a subscription those of what brings its event about.
    variables: Value,
    /// The answers, without what varies.
    answers: Vec<Value>,
}

impl Answers {
    /// Those in the problem's folder.
    ///
    /// # Errors
    /// Where the file is not there, or not what it should be.
    pub fn read(root: &Path, problem: &Problem) -> Result<Self, Error> {
        let path = path(root, problem);
        let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let answers = serde_json::from_str(&text).map_err(|error| error.to_string());
        let expected = problem.requires.also.len();
        let answers = answers.and_then(|answers: Self| match answers.also.len() {
            found if found == expected => Ok(answers),
            found => Err(format!("{found} answers under `also`, and not {expected}")),
        });
        answers.map_err(|reason| Error::Workspace { path, reason })
    }

    /// Asks the shipped lab, and writes what it answers into the problem's folder.
    ///
    /// # Errors
    /// Where it gives no answer, or the file cannot be written.
    pub async fn record(root: &Path, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
        let mut answers = Self::ask(door, problem, &questions::recorded(problem)?).await?;
        for document in &problem.requires.also {
            let response = door.respond(document, &Value::Null).await?;
            answers.also.push(canonical_response(&response));
        }
        let path = path(root, problem);
        let text = serde_json::to_string_pretty(&answers).expect("JSON of JSON");
        std::fs::write(&path, text + "\n").map_err(Error::file("write", &path))
    }

    /// Asks the same again, in another order, and compares.
    ///
    /// # Errors
    /// [`Refusal`] where an answer is not the one that was recorded.
    pub async fn compare(&self, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
        let mut recorded: Vec<&Conversation> = self.calls.iter().collect();
        fastrand::shuffle(&mut recorded);
        compare(door, problem, &recorded).await?;
        self.compare_also(door, problem).await
    }

    /// The same, with one of the calls only.
    async fn compare_some(&self, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
        compare(door, problem, &self.calls.iter().take(1).collect::<Vec<_>>()).await?;
        self.compare_also(door, problem).await
    }

    async fn compare_also(&self, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
        for (document, right) in problem.requires.also.iter().zip(&self.also) {
            let response = door.respond(document, &Value::Null).await?;
            if let Some(difference) = difference(right, &canonical_response(&response)) {
                let why = format!("`{document}` is not answered as before: {difference}");
                return Err(Refusal::new(why, NEXT).into());
            }
        }
        Ok(())
    }

    /// Some of the calls, and after each so many others; then what follows it: it is still known.
    ///
    /// # Errors
    /// [`Refusal`] where it is not.
    pub(super) async fn recalled(
        &self,
        door: &PublicDoor,
        problem: &Problem,
        some: usize,
    ) -> Result<(), Error> {
        let recalls = problem.requires.recalls;
        for conversation in self.calls.iter().take(some) {
            let begun = begin(door, problem, &[conversation]).await?;
            clients::call(door, problem, recalls.saturating_sub(1)).await?;
            if let Err(different) = go_on(door, problem, conversation, &begun[0]).await? {
                return Err(Refusal::new(
                    format!("{recalls} calls later what follows a call is not as it was: {different}"),
                    format!("keep what the latest {recalls} need, and no more: what is new takes the place of the oldest"),
                )
                .into());
            }
        }
        Ok(())
    }

    /// The answers to the problem's operation, without what follows it.
    pub(super) fn firsts(&self) -> impl Iterator<Item = &Value> {
        self.calls
            .iter()
            .filter_map(|conversation| conversation.answers.first())
    }

    async fn ask(door: &PublicDoor, problem: &Problem, variables: &[Value]) -> Result<Self, Error> {
        let mut conversations = Vec::new();
        let begun = first_calls(door, problem, variables).await?;
        for (variables, data) in variables.iter().zip(begun) {
            let mut answers = vec![canonical(problem, &data)];
            answers.extend(follow_up(door, problem, &data, None).await?);
            conversations.push(Conversation {
                variables: variables.clone(),
                answers,
            });
        }
        Ok(Self {
            calls: conversations,
            also: Vec::new(),
        })
    }
}

/// Some questions about another problem than the changed one, compared: a change has to leave its neighbours as they are.
///
/// # Errors
/// [`Refusal`] where it is not.
pub(super) async fn compare_neighbour(
    door: &PublicDoor,
    other: &Problem,
    recorded: &Answers,
) -> Result<(), Error> {
    let compared = recorded.compare_some(door, other).await;
    compared.map_err(|error| match error {
        Error::Refused(refusal) => Refusal {
            why: format!("{} is not as it was: {}", other.id, refusal.why),
            next: format!("change nothing that {} needs", other.id),
            ..refusal
        }
        .into(),
        error => error,
    })
}

fn path(root: &Path, problem: &Problem) -> PathBuf {
    root.join("problems")
        .join(problem.folder())
        .join("responses.json")
}

/// All the first calls, and then what follows each: what is known of one has to outlive the others.
async fn compare(door: &PublicDoor, problem: &Problem, recorded: &[&Conversation]) -> Result<(), Error> {
    let begun = begin(door, problem, recorded).await?;
    for (conversation, data) in recorded.iter().zip(&begun) {
        let gone_on = go_on(door, problem, conversation, data).await?;
        gone_on.map_err(|difference| wrong(problem, &conversation.variables, &difference))?;
    }
    Ok(())
}

/// The first calls, compared: their answers.
async fn begin(
    door: &PublicDoor,
    problem: &Problem,
    recorded: &[&Conversation],
) -> Result<Vec<Value>, Error> {
    let variables: Vec<_> = recorded.iter().map(|of| of.variables.clone()).collect();
    let begun = first_calls(door, problem, &variables).await?;
    for (conversation, data) in recorded.iter().zip(&begun) {
        let right = conversation.answers.first().unwrap_or(&Value::Null);
        if let Some(difference) = difference(right, &canonical(problem, data)) {
            return Err(wrong(problem, &conversation.variables, &difference));
        }
    }
    Ok(begun)
}

/// What follows a first call, compared: how it differs.
async fn go_on(
    door: &PublicDoor,
    problem: &Problem,
    conversation: &Conversation,
    begun: &Value,
) -> Result<Result<(), String>, Error> {
    let right = conversation.answers.get(1..).unwrap_or_default();
    let answers = follow_up(door, problem, begun, Some(right)).await?;
    if right.len() != answers.len() {
        let different = format!("{} answers follow instead of {}", answers.len(), right.len());
        return Ok(Err(different));
    }
    let mut pairs = right.iter().zip(&answers);
    let different = pairs.find_map(|(right, answer)| difference(right, answer));
    Ok(different.map_or(Ok(()), Err))
}

fn wrong(problem: &Problem, variables: &Value, difference: &str) -> Error {
    let asked = match shown_variables(variables) {
        with if with.is_empty() => with,
        with => format!(", asked{with}"),
    };
    Refusal::new(
        format!(
            "{} does not answer as before{asked}: {difference}",
            problem.fields.join(" and ")
        ),
        NEXT,
    )
    .into()
}
