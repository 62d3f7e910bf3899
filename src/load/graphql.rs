//! Finds GraphQL errors in responses that HTTP calls a success.

use std::collections::BTreeMap;

use memchr::memmem::Finder;
use serde::Deserialize;

/// So many different messages are kept.
const KEPT_MESSAGES: usize = 3;
/// So much of each is kept.
const MESSAGE_CHARS: usize = 300;
/// So many different codes are told apart, whatever a server sends.
const KEPT_CODES: usize = 50;
/// Stands for errors without `extensions.code`.
const NO_CODE: &str = "no code";

/// Responses with GraphQL errors.
#[derive(Debug, Default, Clone)]
pub(super) struct GraphQlErrors {
    pub(super) responses: u64,
    /// Responses by the code of their first error.
    pub(super) codes: BTreeMap<String, u64>,
    pub(super) messages: Vec<String>,
}

/// Looks for errors.
#[derive(Debug)]
pub(super) struct Detector(Finder<'static>);

#[derive(Deserialize)]
struct Answer {
    errors: Option<serde_json::Value>,
}

impl Detector {
    pub(super) fn new() -> Self {
        Self(Finder::new("\"errors\""))
    }

    /// The `errors` of a JSON response. The word alone may well be data, so that finding it
    /// only decides whether to parse.
    pub(super) fn errors(&self, json: &[u8]) -> Option<serde_json::Value> {
        self.0.find(json)?;
        serde_json::from_slice::<Answer>(json).ok()?.errors
    }
}

impl GraphQlErrors {
    /// Counts a response with these errors.
    pub(super) fn record(&mut self, errors: &serde_json::Value) {
        let first = &errors[0];
        self.responses += 1;
        self.add_code(first["extensions"]["code"].as_str().unwrap_or(NO_CODE), 1);
        if let Some(message) = first["message"].as_str() {
            self.add_message(message);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.responses += other.responses;
        for (code, count) in &other.codes {
            self.add_code(code, *count);
        }
        for message in &other.messages {
            self.add_message(message);
        }
    }

    fn add_code(&mut self, code: &str, count: u64) {
        let known = self.codes.contains_key(code) || self.codes.len() < KEPT_CODES;
        *self
            .codes
            .entry(if known { code } else { "other codes" }.to_owned())
            .or_default() += count;
    }

    fn add_message(&mut self, message: &str) {
        if self.messages.len() < KEPT_MESSAGES {
            let message: String = message.chars().take(MESSAGE_CHARS).collect();
            if !self.messages.contains(&message) {
                self.messages.push(message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_top_level_errors_count() {
        let errors = |json: &str| Detector::new().errors(json.as_bytes()).is_some();
        assert!(errors(r#"{"data":null,"errors":[{"message":"no"}]}"#));
        assert!(errors(r#"{ "errors" : [] }"#));
        assert!(!errors(r#"{"data":{"text":"\"errors\"","errors":["mine"]}}"#));
        assert!(!errors(r#"{"data":{},"errors":null}"#));
        assert!(!errors(r#"{"data":{}}"#));
        assert!(!errors(r#"{"errors":["#), "cut short");
    }

    #[test]
    fn responses_are_counted_by_the_code_of_their_first_error() {
        let mut all = GraphQlErrors::default();
        let limit = serde_json::json!([{"message": "full", "extensions": {"code": "MEMORY_LIMIT"}}, {}]);
        all.record(&limit);
        let mut other = GraphQlErrors::default();
        other.record(&limit);
        other.record(&serde_json::json!("odd"));
        all.merge(&other);
        assert_eq!(all.responses, 3);
        assert_eq!(
            all.codes,
            BTreeMap::from([("MEMORY_LIMIT".to_owned(), 2), (NO_CODE.to_owned(), 1)])
        );
        assert_eq!(all.messages, ["full"]);
    }
}
