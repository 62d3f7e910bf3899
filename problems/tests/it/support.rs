//! A shop in memory and a schema over it.

use async_graphql::{Request, Response, Schema, Variables};
use futures_util::StreamExt;
use problems::{
    Lab, MemoryGuard, Mutation, Problem, Query, Subscription,
    shop::{Bookshop, Location},
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

pub(crate) type Api = Schema<Query, Mutation, Subscription>;

pub(crate) const MIB: u64 = 1 << 20;

pub(crate) fn lab() -> Lab {
    let shop = Bookshop::open(Location::Memory).expect("a shop in memory opens");
    Lab::new(shop, MemoryGuard::new(512 * MIB))
}

/// Held by tests that rely on what the problems keep in statics, and by the one that resets them all.
pub(crate) static STATICS: Mutex<()> = Mutex::const_new(());

pub(crate) fn api(lab: &Lab) -> Api {
    lab.schema_builder().finish()
}

pub(crate) async fn ask(lab: &Lab, document: &str, variables: &Value) -> Response {
    let request = Request::new(document).variables(Variables::from_json(variables.clone()));
    api(lab).execute(lab.prepare(request)).await
}

/// Those who follow are the process's: a test that resets them waits for the others.
static FOLLOWING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Resets a problem while nobody follows it.
pub(crate) async fn reset(lab: &Lab, problem: &Problem) {
    let _alone = FOLLOWING.lock().await;
    lab.reset(problem).await;
}

/// What a problem's operation answers to its example; a subscription first, where something happens meanwhile.
pub(crate) async fn run(lab: &Lab, problem: &Problem) -> Response {
    if !problem.is_subscription {
        return ask(lab, problem.operation, &problem.example).await;
    }
    let _alone = FOLLOWING.lock().await;
    let trigger = problem.load.trigger.as_ref().expect("what it follows");
    let request = Request::new(problem.operation).variables(Variables::from_json(problem.example.clone()));
    let mut events = api(lab).execute_stream(lab.prepare(request)).boxed();
    let variables = fixed(&trigger.variables);
    // In turn: who follows is there before anything happens.
    let (first, _) = tokio::join!(events.next(), ask(lab, &trigger.document, &variables));
    first.expect("an event")
}

/// A template, filled with the least that it allows.
fn fixed(template: &Value) -> Value {
    let Some(fields) = template.as_object() else {
        return template.clone();
    };
    if let Some(range) = fields.get("$int") {
        return range[0].clone();
    }
    if fields.contains_key("$word") {
        return json!("word");
    }
    fields
        .iter()
        .map(|(name, value)| (name.clone(), fixed(value)))
        .collect()
}

/// The data of a response without errors.
pub(crate) async fn data(lab: &Lab, document: &str) -> Value {
    let response = ask(lab, document, &Value::Null).await;
    assert_eq!(response.errors, [], "{document}");
    response.data.into_json().expect("data is JSON")
}

/// The code and the message of the only error.
pub(crate) async fn error(lab: &Lab, document: &str) -> (String, String) {
    let response = ask(lab, document, &Value::Null).await;
    let json = serde_json::to_value(&response).expect("a response is JSON");
    let errors = json["errors"].as_array().cloned().unwrap_or_default();
    assert_eq!(errors.len(), 1, "{document}: {json}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (
        text(&errors[0]["extensions"]["code"]),
        text(&errors[0]["message"]),
    )
}
