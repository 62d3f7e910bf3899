//! A shop in memory and a schema over it.

use async_graphql::{Request, Response, Schema, Variables};
use problems::{
    Lab, MemoryGuard, Mutation, Query, Subscription,
    shop::{Bookshop, Location},
};
use serde_json::Value;
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
