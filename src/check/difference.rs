//! Answers as they are recorded, and how one is not the other.
//!
//! Long texts are kept by their beginning and their hash, and what varies is masked.

use problems::Problem;
use serde_json::{Value, json};

use super::door::shown;
use crate::digest::sha256;

/// Texts up to this length, in characters, are kept whole.
const WHOLE_CHARS: usize = 60;
/// Characters that are kept of longer ones.
const KEPT_CHARS: usize = 24;
/// Of the hash of all of it.
const HASH_DIGITS: usize = 16;
/// What stands in the place of what differs.
const VARIES: &str = "(varies)";

/// An answer without what varies, and with the hashes of its long texts.
pub(super) fn canonical(problem: &Problem, data: &Value) -> Value {
    let mut answer = data.clone();
    for pointer in &problem.requires.varies {
        mask(&mut answer, pointer);
    }
    shorten(&mut answer);
    answer
}

/// A whole response, errors and all, with the hashes of its long texts.
pub(super) fn canonical_response(response: &Value) -> Value {
    let errors = response.get("errors").cloned().unwrap_or_else(|| json!([]));
    let mut response = json!({ "data": response["data"], "errors": errors });
    shorten(&mut response);
    response
}

/// What is not there at all does not vary.
fn mask(answer: &mut Value, pointer: &str) {
    let varying = answer.pointer_mut(pointer);
    if let Some(value) = varying.filter(|value| !value.is_null() && value.as_str() != Some("")) {
        *value = VARIES.into();
    }
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.chars().count() > WHOLE_CHARS => {
            let begin: String = text.chars().take(KEPT_CHARS).collect();
            let hash = sha256(text.as_bytes());
            *text = format!(
                "{begin}… ({} characters, {})",
                text.chars().count(),
                &hash[..HASH_DIGITS]
            );
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Where an answer is first not the right one, and how.
pub(super) fn difference(right: &Value, answer: &Value) -> Option<String> {
    match (right, answer) {
        (Value::Object(right), Value::Object(answer)) => {
            let inner = |(name, right)| {
                let found = answer.get(name).unwrap_or(&Value::Null);
                difference(right, found).map(|difference| match difference.strip_prefix(' ') {
                    Some(said) => format!("{name} {said}"),
                    None => format!("{name}.{difference}"),
                })
            };
            right.iter().find_map(inner)
        }
        (Value::Array(right), Value::Array(answer)) if right.len() == answer.len() => {
            let mut pairs = right.iter().zip(answer).enumerate();
            pairs.find_map(|(at, (right, answer))| {
                difference(right, answer).map(|difference| format!("{at}.{difference}").replace(". ", " "))
            })
        }
        (Value::Array(right), Value::Array(answer)) => {
            Some(format!(" has {} items instead of {}", answer.len(), right.len()))
        }
        (right, answer) if right == answer => None,
        (right, answer) => Some(format!(
            " is {} instead of {}",
            shown(&answer.to_string()),
            shown(&right.to_string())
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_told_with_its_place() {
        let right = json!({ "books": [{ "id": 1, "title": "A" }, { "id": 2, "title": "B" }] });
        let mut wrong = right.clone();
        assert_eq!(difference(&right, &wrong), None);
        wrong["books"][1]["title"] = "C".into();
        assert_eq!(
            difference(&right, &wrong).as_deref(),
            Some("books.1.title is \"C\" instead of \"B\"")
        );
        let short = json!({ "books": [] });
        assert_eq!(
            difference(&right, &short).as_deref(),
            Some("books has 0 items instead of 2")
        );
        assert_eq!(
            difference(&right, &json!({})).as_deref(),
            Some("books is null instead of [{\"id\":1,\"title\":\"A\"},{\"id\":2,\"title\":\"B\"}]")
        );
    }

    #[test]
    fn what_varies_is_masked_and_what_is_empty_is_not() {
        let mut value = json!({ "quote": { "at": "now", "by": "", "price": 1 } });
        for pointer in ["/quote/at", "/quote/by", "/quote/to", "/order/at"] {
            mask(&mut value, pointer);
        }
        assert_eq!(value, json!({ "quote": { "at": VARIES, "by": "", "price": 1 } }));
    }

    #[test]
    fn errors_that_are_missing_or_others_are_a_difference_of_responses() {
        let refused = canonical_response(&json!({ "data": null, "errors": [{ "message": "no" }] }));
        let granted = canonical_response(&json!({ "data": null }));
        assert_eq!(
            difference(&refused, &granted).as_deref(),
            Some("errors has 0 items instead of 1")
        );
        let otherwise = canonical_response(&json!({ "data": null, "errors": [{ "message": "yes" }] }));
        assert_eq!(
            difference(&refused, &otherwise).as_deref(),
            Some("errors.0.message is \"yes\" instead of \"no\"")
        );
    }

    #[test]
    fn long_texts_that_differ_at_their_ends_differ() {
        let (mut one, mut other) = (json!("x".repeat(100)), json!("x".repeat(99) + "y"));
        shorten(&mut one);
        shorten(&mut other);
        assert!(one != other && one.as_str().is_some_and(|text| text.starts_with("xxx")));
    }
}
