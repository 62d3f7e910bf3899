//! Whether answers are right: by those that the shipped lab gave to the same questions, which `responses.json` in each problem's
//! folder has.
//!
//! The shop's data comes from a fixed seed, so that most answers are the same in each lab; what differs from call to call is
//! named in the manifest. Long texts are kept by their beginning and their hash.

use std::path::{Path, PathBuf};
use std::time::Duration;

use problems::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::difference::{canonical, difference};
use super::door::{PublicDoor, shown_variables};
use super::follow::Follower;
use super::{Error, Refusal};
use crate::variables::Template;

/// Questions that are recorded of a problem.
const RECORDED: usize = 12;
/// How long what follows a call may take until its answer is right.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The recorded answers of a problem.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(Vec<Conversation>);

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
        serde_json::from_str(&text).map_err(|error| Error::Workspace {
            path,
            reason: error.to_string(),
        })
    }

    /// Asks the shipped lab, and writes what it answers into the problem's folder.
    ///
    /// # Errors
    /// Where it gives no answer, or the file cannot be written.
    pub async fn record(root: &Path, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
        let answers = Self::ask(door, problem, &variables(problem)?).await?;
        let path = path(root, problem);
        let text = serde_json::to_string_pretty(&answers).expect("JSON of JSON");
        std::fs::write(&path, text + "\n").map_err(Error::file("write", &path))
    }

    /// Asks the same again, in another order, and compares.
    ///
    /// # Errors
    /// [`Refusal`] where an answer is not the one that was recorded.
    pub async fn compare(&self, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
        let mut recorded: Vec<&Conversation> = self.0.iter().collect();
        fastrand::shuffle(&mut recorded);
        compare(door, problem, &recorded).await
    }

    /// One call, so many others, and then what follows the first: it is still known.
    ///
    /// # Errors
    /// [`Refusal`] where it is not.
    pub(super) async fn recalled(&self, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
        let Some(first) = self.0.first() else {
            return Ok(());
        };
        let data = first_call(door, problem, &first.variables).await?;
        let template = template(problem)?;
        for _ in 1..problem.requires.recalls {
            first_call(door, problem, &template.expand()).await?;
        }
        let right = first.answers.get(1..).unwrap_or_default();
        let answers = follow_up(door, problem, &data, Some(right)).await?;
        let different = right
            .iter()
            .zip(&answers)
            .find_map(|(right, answer)| difference(right, answer));
        different.map_or(Ok(()), |different| {
            Err(Refusal::new(
                format!(
                    "{} calls later the shop does not know of one any more: {different}",
                    problem.requires.recalls
                ),
                format!(
                    "keep what the latest {} need, and no more",
                    problem.requires.recalls
                ),
            )
            .into())
        })
    }

    async fn ask(door: &PublicDoor, problem: &Problem, variables: &[Value]) -> Result<Self, Error> {
        let mut conversations = Vec::new();
        for variables in variables {
            let data = first_call(door, problem, variables).await?;
            let mut answers = vec![canonical(problem, &data)];
            answers.extend(follow_up(door, problem, &data, None).await?);
            conversations.push(Conversation {
                variables: variables.clone(),
                answers,
            });
        }
        Ok(Self(conversations))
    }
}

/// Asks one question of each of the other problems, and compares: a change has to leave its neighbours as they are.
///
/// # Errors
/// [`Refusal`] where one is not.
pub(super) async fn compare_others(
    root: &Path,
    door: &PublicDoor,
    board: impl Iterator<Item = &Problem>,
    changed: &Problem,
) -> Result<(), Error> {
    for other in board.filter(|other| other.number != changed.number) {
        let recorded = Answers::read(root, other)?;
        let compared = compare(door, other, &recorded.0.iter().take(1).collect::<Vec<_>>()).await;
        compared.map_err(|error| match error {
            Error::Refused(refusal) => Refusal {
                why: format!("{} is not as it was: {}", other.id, refusal.why),
                next: format!("change nothing that {} needs", other.id),
                ..refusal
            }
            .into(),
            error => error,
        })?;
    }
    Ok(())
}

fn path(root: &Path, problem: &Problem) -> PathBuf {
    root.join("problems")
        .join(problem.folder())
        .join("responses.json")
}

/// The example, and others that are drawn.
fn variables(problem: &Problem) -> Result<Vec<Value>, Error> {
    let template = template(problem)?;
    // What is followed is called by what brings its events about.
    let mut drawn = match problem.load.trigger {
        Some(_) => Vec::new(),
        None => vec![problem.example.clone()],
    };
    while drawn.len() < RECORDED {
        let next = template.expand();
        if drawn.contains(&next) {
            // There are no more than these.
            break;
        }
        drawn.push(next);
    }
    Ok(drawn)
}

/// The variables of the calls that a problem is asked by.
pub(super) fn template(problem: &Problem) -> Result<Template, Error> {
    let trigger = problem.load.trigger.as_ref();
    let variables = trigger.map_or(&problem.variables, |trigger| &trigger.variables);
    Template::parse(variables).map_err(|error| Error::Workspace {
        path: problem.operation_file.clone().into(),
        reason: error.to_string(),
    })
}

/// All the first calls, and then what follows each: what is known of one has to outlive the others.
async fn compare(door: &PublicDoor, problem: &Problem, recorded: &[&Conversation]) -> Result<(), Error> {
    let mut begun = Vec::new();
    for conversation in recorded {
        let data = first_call(door, problem, &conversation.variables).await?;
        let answer = canonical(problem, &data);
        if let Some(difference) = conversation
            .answers
            .first()
            .and_then(|right| difference(right, &answer))
        {
            return Err(wrong(problem, &conversation.variables, &difference));
        }
        begun.push((conversation, data));
    }
    for (conversation, data) in begun {
        let right = conversation.answers.get(1..).unwrap_or_default();
        let answers = follow_up(door, problem, &data, Some(right)).await?;
        if right.len() != answers.len() {
            let difference = format!("{} answers follow instead of {}", answers.len(), right.len());
            return Err(wrong(problem, &conversation.variables, &difference));
        }
        for (right, answer) in right.iter().zip(&answers) {
            if let Some(difference) = difference(right, answer) {
                return Err(wrong(problem, &conversation.variables, &difference));
            }
        }
    }
    Ok(())
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
        "answer what the shop answers; only what is kept behind the answer may change",
    )
    .into()
}

/// Runs the problem's operation. A subscription is followed to its first event.
async fn first_call(door: &PublicDoor, problem: &Problem, variables: &Value) -> Result<Value, Error> {
    let Some(trigger) = &problem.load.trigger else {
        return door.ask(problem.operation, variables).await;
    };
    let mut follower = Follower::new(door, problem.operation, &problem.example).await?;
    door.ask(&trigger.document, variables).await?;
    follower.event().await
}

/// The answers to the calls that follow, each asked again until it is the one that was recorded, or the time is up.
async fn follow_up(
    door: &PublicDoor,
    problem: &Problem,
    before: &Value,
    right: Option<&[Value]>,
) -> Result<Vec<Value>, Error> {
    let (mut answers, mut before) = (Vec::new(), before.clone());
    for (at, call) in problem.requires.then.iter().enumerate() {
        let variables = filled(&call.variables, &before);
        let right = right.map(|right| right.get(at));
        let mut waited = Duration::ZERO;
        let data = loop {
            let data = door.ask(&call.document, &variables).await?;
            let settled = match right {
                Some(Some(right)) => difference(right, &canonical(problem, &data)).is_none(),
                // When it is recorded nobody knows: whatever comes last.
                _ => false,
            };
            if settled || waited >= PATIENCE {
                break data;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
        };
        answers.push(canonical(problem, &data));
        before = data;
    }
    Ok(answers)
}

/// Variables, with pointers into the answer before replaced by what they point at.
fn filled(variables: &Value, before: &Value) -> Value {
    match variables {
        Value::String(pointer) if pointer.starts_with('/') => {
            before.pointer(pointer).cloned().unwrap_or_default()
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, before)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_filled_from_the_answer_before() {
        let before = json!({ "login": { "token": "t" } });
        let variables = json!({ "token": "/login/token", "first": 3, "name": "Ada" });
        assert_eq!(
            filled(&variables, &before),
            json!({ "token": "t", "first": 3, "name": "Ada" })
        );
    }
}
