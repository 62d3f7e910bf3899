//! Questions to the public door.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use super::{Error, Refusal};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What is read of an answer, in bytes.
const MOST_READ: u64 = 16 << 20;
/// How much of an answer is shown.
const SHOWN_CHARS: usize = 200;

/// The public door of a lab. Clones are the same door.
#[derive(Debug, Clone)]
pub struct PublicDoor {
    agent: Agent,
    base: String,
}

impl PublicDoor {
    /// The door at that address.
    pub fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT));
        Self {
            agent: config.build().into(),
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// The address.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Where subscriptions are followed.
    pub(super) fn socket(&self) -> String {
        format!("{}/graphql/ws", self.base.replacen("http", "ws", 1))
    }

    /// The `data` of the answer to a question.
    ///
    /// # Errors
    /// [`Refusal`] where there is none, or there are errors beside it.
    pub(super) async fn ask(&self, document: &str, variables: &Value) -> Result<Value, Error> {
        let mut answer = self.respond(document, variables).await?;
        if let Some(message) = answer["errors"][0]["message"].as_str() {
            let asked = format!("{}{}", without_comments(document), shown_variables(variables));
            return Err(Refusal::new(
                format!("`{asked}` is answered with an error: {message}"),
                "answer each request as before",
            )
            .into());
        }
        Ok(answer["data"].take())
    }

    /// The response to a question, with whatever errors.
    ///
    /// # Errors
    /// [`Refusal`] where there is none.
    pub(super) async fn respond(&self, document: &str, variables: &Value) -> Result<Value, Error> {
        let body = json!({ "query": document, "variables": variables });
        let door = self.clone();
        let answer = tokio::task::spawn_blocking(move || door.post(&body)).await;
        let answer = answer.map_err(|error| self.silent(&error))?;
        answer.map_err(|reason| {
            let asked = format!("{}{}", without_comments(document), shown_variables(variables));
            Refusal::new(
                format!("`{asked}` is not answered: {reason}"),
                "answer each request as before",
            )
            .into()
        })
    }

    fn post(&self, body: &Value) -> Result<Value, String> {
        let told = |error: ureq::Error| error.to_string();
        let mut answer = self
            .agent
            .post(format!("{}/graphql", self.base))
            .send_json(body)
            .map_err(told)?;
        let status = answer.status();
        let reading = answer.body_mut().with_config().limit(MOST_READ).lossy_utf8(true);
        let text = reading.read_to_string().map_err(told)?;
        serde_json::from_str(&text).map_err(|_| format!("status {status}, {:?}", shown(&text)))
    }

    fn silent(&self, error: &dyn std::fmt::Display) -> Error {
        Error::Door {
            url: self.base.clone(),
            reason: error.to_string(),
        }
    }
}

/// The beginning of a text.
pub(super) fn shown(text: &str) -> String {
    let mut chars = text.trim().chars();
    let mut shown: String = chars.by_ref().take(SHOWN_CHARS).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

/// A document without its comments and line breaks.
fn without_comments(document: &str) -> String {
    let lines = document
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    shown(&words.join(" "))
}

/// ` with {...}`; nothing where there are none.
pub(super) fn shown_variables(variables: &Value) -> String {
    match variables.as_object() {
        Some(variables) if !variables.is_empty() => {
            format!(" with {}", shown(&Value::Object(variables.clone()).to_string()))
        }
        _ => String::new(),
    }
}
