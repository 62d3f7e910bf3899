//! One problem: what the shop wants, what is seen, how to run it, and what a change to it is judged by.

use bytesize::ByteSize;
use problems::{LoadRecipe, LoadShape, Problem};
use serde_json::{Value, json};

use super::board::{fixed, found, row};
use crate::variables::Template;
use crate::workshop::Progress;

/// As text for people.
pub(super) fn text(problem: &Problem, progress: &Progress) -> String {
    let needs: String = needs(problem).iter().map(|need| format!("- {need}\n")).collect();
    let meanwhile = problem.load.trigger.as_ref().map(|call| {
        let variables = Template::parse(&call.variables).map(|template| template.expand());
        format!(
            "meanwhile, in another tab\n\n{}\n\nvariables, such as\n\n{}\n\n",
            call.document.trim(),
            pretty(&variables.unwrap_or_default())
        )
    });
    let told = format!(
        "{}  {}\n\n{}\n\n{}\n\
         what the shop needs, however the code is written\n{needs}\n\
         schema/operations/{}\n\n{}\n\n\
         variables, for one call\n\n{}\n\n{}",
        problem.id,
        problem.title,
        problem.story.trim(),
        lines(problem, progress),
        problem.operation_file,
        problem.operation.trim(),
        pretty(&problem.example),
        meanwhile.unwrap_or_default(),
    );
    format!("{}\n", told.trim_end())
}

/// What was done about it, and what can be done.
fn lines(problem: &Problem, progress: &Progress) -> String {
    let id = &problem.id;
    let entry = progress.entry(&problem.name);
    let lines = [
        ("found", found(&entry).to_owned()),
        ("fixed", fixed(&entry).to_owned()),
        ("fields", problem.fields.join(", ")),
        ("code", format!("problems/{}/", problem.folder())),
        ("clients", clients(&problem.load).to_owned()),
        (
            "run",
            format!("leaklab load {id}, with `leaklab serve` in another terminal"),
        ),
        ("", "or paste the operation below at its /graphql".to_owned()),
        ("find", format!("leaklab hunt {id}")),
        (
            "say",
            format!("leaklab answer {id} --type TYPE --holder HOLDER --kind KIND, or --innocent"),
        ),
        (
            "check",
            format!("leaklab check {id}, once you have changed the code"),
        ),
    ];
    let told = lines.iter().filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| format!("{name:<8} {value}\n")).collect()
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
    if requires.recalls > 0 {
        needs.push(format!(
            "what a call has brought is still known {} calls later",
            requires.recalls
        ));
    }
    if requires.others.is_some() {
        needs.push("that is bounded whatever else is asked".to_owned());
    }
    if !requires.varies.is_empty() {
        needs.push(format!(
            "only {} may differ from call to call",
            requires.varies.join(", ")
        ));
    }
    if !requires.renews.is_empty() {
        needs.push(format!(
            "{} becomes another within 3 seconds where the same is asked again",
            requires.renews.join(", ")
        ));
    }
    if !requires.also.is_empty() {
        needs.push("what is refused is refused in the same words".to_owned());
    }
    for call in &requires.then {
        needs.push(format!(
            "after a call, this must answer rightly: {}",
            joined(&call.document)
        ));
    }
    if let Some(jobs) = &requires.jobs {
        needs.push(format!(
            "the database has at most {} jobs for {}",
            jobs.most,
            jobs.document.as_deref().map_or("a call".to_owned(), joined)
        ));
    }
    if let Some(count) = &requires.counts {
        needs.push(format!(
            "each call goes into the histogram {}, as this tells: {}",
            count.histogram,
            joined(&count.document)
        ));
    }
    needs
}

/// A document without its line breaks.
fn joined(document: &str) -> String {
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
