//! One problem: what the shop wants, what is seen, how to run it, and what a change to it is judged by.

use std::fmt::Write as _;

use bytesize::ByteSize;
use problems::{LoadRecipe, LoadShape, Problem};
use serde_json::{Value, json};

use super::board::{fixed, found, row};
use crate::workshop::Progress;

/// As text for people.
pub(super) fn text(problem: &Problem, progress: &Progress) -> String {
    let id = &problem.id;
    let entry = progress.entry(&problem.name);
    let mut text = format!("{id}  {}\n\n{}\n\n", problem.title, problem.story.trim());
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            // Into a string: it cannot fail.
            let _ = writeln!(text, "{name:<8} {value}");
        }
    };
    line("found", found(&entry));
    line("fixed", fixed(&entry));
    line("fields", &problem.fields.join(", "));
    line(
        "code",
        &format!("problems/p{:02}_{}/", problem.number, problem.name),
    );
    line("clients", clients(&problem.load));
    line(
        "run",
        &format!("leaklab load {id}, with `leaklab serve` in another terminal"),
    );
    line(
        "",
        "or paste the operation below at http://127.0.0.1:3000/graphql",
    );
    line("find", &format!("leaklab hunt {id}"));
    line(
        "say",
        &format!("leaklab answer {id} --type TYPE --holder HOLDER --kind KIND, or --innocent"),
    );
    line(
        "check",
        &format!("leaklab check {id}, once you have changed the code"),
    );
    text.push_str("\nwhat the shop needs, however the code is written\n");
    for need in needs(problem) {
        let _ = writeln!(text, "- {need}");
    }
    let _ = writeln!(
        text,
        "\nschema/operations/{}\n\n{}",
        problem.operation_file,
        problem.operation.trim()
    );
    if let Some(trigger) = &problem.load.trigger {
        let _ = writeln!(text, "\nmeanwhile\n\n{}", trigger.document.trim());
    }
    let _ = writeln!(text, "\nvariables, for one call\n\n{}", pretty(&problem.example));
    text
}

fn clients(load: &LoadRecipe) -> &'static str {
    match load.shape {
        LoadShape::Requests => "send requests on connections that stay open",
        LoadShape::Connections => "open a new connection for each request",
        LoadShape::HangUps => "hang up on most requests before the answer comes",
        LoadShape::Stalled => "subscribe, and read no events",
    }
}

/// What a change is judged by, in sentences.
fn needs(problem: &Problem) -> Vec<String> {
    let requires = &problem.requires;
    let mut needs = vec![
        "the API and its answers stay as they are".to_owned(),
        format!(
            "at most {} may be kept at hand, under any load",
            ByteSize(requires.keeps)
        ),
    ];
    if requires.remembers > 0 {
        needs.push(format!(
            "the latest {} different questions are answered again without the database",
            requires.remembers
        ));
    }
    if !requires.varies.is_empty() {
        needs.push(format!(
            "only {} may differ from call to call",
            requires.varies.join(", ")
        ));
    }
    for call in &requires.then {
        needs.push(format!(
            "after a call, this must answer rightly: {}",
            one_line(&call.document)
        ));
    }
    needs
}

fn one_line(document: &str) -> String {
    document.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// As data: the row of the board and the rest.
pub(super) fn json(problem: &Problem, progress: &Progress) -> Value {
    let mut all = row(problem, progress);
    let load = &problem.load;
    let more = json!({
        "story": problem.story.trim(),
        "fields": problem.fields,
        "operation": problem.operation,
        "variables": problem.variables,
        "example": problem.example,
        "response": problem.response,
        "clients": clients(load),
        "meanwhile": load.trigger.as_ref().map(|call| &call.document),
        "needs": needs(problem),
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}
