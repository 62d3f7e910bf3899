//! What a problem is asked: its operation with variables that are drawn, and the calls that follow.

use std::collections::HashSet;
use std::time::Duration;

use problems::Problem;
use serde_json::{Map, Value};

use super::difference::{canonical, difference};
use super::door::PublicDoor;
use super::follow::Follower;
use super::{Error, Refusal};
use crate::variables::Template;

/// Questions that are recorded of a problem.
const RECORDED: usize = 12;
/// Questions that are drawn for each, since one may come twice.
const DRAWS: usize = 20;
/// How long what follows a call may take until its answer is right.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The example, and others that are drawn.
pub(super) fn recorded(problem: &Problem) -> Result<Vec<Value>, Error> {
    let mut all = drawn(problem, RECORDED)?;
    // What is followed is called by what brings its events about.
    if problem.load.trigger.is_none() && !all.contains(&problem.example) {
        all.truncate(RECORDED - 1);
        all.insert(0, problem.example.clone());
    }
    Ok(all)
}

/// Different variables of a problem's calls, drawn; where there are fewer than so many, most of them.
pub(super) fn drawn(problem: &Problem, count: usize) -> Result<Vec<Value>, Error> {
    let trigger = problem.load.trigger.as_ref();
    drawn_from(
        problem,
        trigger.map_or(&problem.variables, |trigger| &trigger.variables),
        count,
    )
}

/// The same, from another template than that of the calls.
pub(super) fn drawn_from(problem: &Problem, template: &Value, count: usize) -> Result<Vec<Value>, Error> {
    let template = Template::parse(template).map_err(|error| Error::Workspace {
        path: problem.operation_file.clone().into(),
        reason: error.to_string(),
    })?;
    let (mut seen, mut all) = (HashSet::new(), Vec::new());
    for _ in 0..count * DRAWS {
        let question = template.expand();
        if all.len() < count && seen.insert(question.to_string()) {
            all.push(question);
        }
    }
    Ok(all)
}

/// Runs the problem's operation for each. A subscription is followed by two who read each event, in order.
pub(super) async fn first_calls(
    door: &PublicDoor,
    problem: &Problem,
    variables: &[Value],
) -> Result<Vec<Value>, Error> {
    let mut answers = Vec::new();
    let Some(trigger) = &problem.load.trigger else {
        for variables in variables {
            answers.push(door.ask(problem.operation, variables).await?);
        }
        return Ok(answers);
    };
    let follower = || Follower::new(door, problem.operation, &problem.example);
    let (mut follower, mut another) = (follower().await?, follower().await?);
    for variables in variables {
        door.ask(&trigger.document, variables).await?;
    }
    for _ in variables {
        let event = follower.event().await?;
        if another.event().await? != event {
            return Err(Refusal::new(
                format!(
                    "two who follow {} are not told the same",
                    problem.fields.join(" and ")
                ),
                "tell each follower who reads every event, as before",
            )
            .into());
        }
        answers.push(event);
    }
    Ok(answers)
}

/// The answers to the calls that follow `first`. A query is asked again until its answer is the one that was recorded, or the
/// time is up.
pub(super) async fn follow_up(
    door: &PublicDoor,
    problem: &Problem,
    first: &Value,
    right: Option<&[Value]>,
) -> Result<Vec<Value>, Error> {
    let mut answers = Vec::new();
    for (at, call) in problem.requires.then.iter().enumerate() {
        let variables = filled(&call.variables, first);
        let right = right.map(|right| right.get(at));
        let once = call.document.trim_start().starts_with("mutation");
        let mut waited = Duration::ZERO;
        let answer = loop {
            let answer = canonical(problem, &door.ask(&call.document, &variables).await?);
            let settled = match right {
                Some(Some(right)) => difference(right, &answer).is_none(),
                // When it is recorded nobody knows: whatever comes last.
                _ => false,
            };
            if once || settled || waited >= PATIENCE {
                break answer;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
        };
        answers.push(answer);
    }
    Ok(answers)
}

/// Variables, with pointers into an answer replaced by what they point at.
fn filled(variables: &Value, answer: &Value) -> Value {
    match variables {
        Value::String(pointer) if pointer.starts_with('/') => {
            answer.pointer(pointer).cloned().unwrap_or_default()
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, answer)))
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
    fn variables_are_filled_from_an_answer() {
        let answer = json!({ "login": { "token": "t" } });
        let variables = json!({ "token": "/login/token", "first": 3, "name": "Ada" });
        assert_eq!(
            filled(&variables, &answer),
            json!({ "token": "t", "first": 3, "name": "Ada" })
        );
    }
}
