//! Operation variables that are fresh for each call.
//!
//! A template is ordinary JSON in which an object with a single key that starts with `$`
//! stands for a value that is drawn anew for each call:
//!
//! | generator | gives |
//! | --- | --- |
//! | `{"$int": [lo, hi]}` | an integer, evenly drawn, both ends included |
//! | `{"$counter": start}` | `start`, `start + 1`, ... over all calls |
//! | `{"$word": n}` | a word of `n` lower-case letters |
//! | `{"$pick": [a, b, ...]}` | one of the values, evenly drawn |

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Map, Value};

/// Longest word that `$word` gives, in letters.
pub const MAX_WORD: u64 = 4096;

/// A template that is not of the form above.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// The key starts with `$` but names no generator.
    #[error("`{0}` is no generator, expected $int, $counter, $word or $pick")]
    UnknownGenerator(String),
    /// The generator's argument is not of its form.
    #[error("`{generator}` takes {expected}, not {found}")]
    Argument {
        /// The generator's name, such as `$int`.
        generator: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What was given, as JSON.
        found: String,
    },
    /// GraphQL variables are an object, by name.
    #[error("variables are a JSON object, not {0}")]
    NoObject(String),
}

/// A parsed template. Shared between threads: `$counter` counts over all of them.
#[derive(Debug)]
pub struct Template(Node);

#[derive(Debug)]
enum Node {
    Fixed(Value),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
    Int(i64, i64),
    Counter(AtomicI64),
    Word(usize),
    Pick(Vec<Value>),
}

impl Template {
    /// Reads a template. `Value::Null` stands for "no variables".
    ///
    /// # Errors
    /// Where the value is no object, or a generator in it is not of its form.
    pub fn parse(value: &Value) -> Result<Self, TemplateError> {
        match value {
            Value::Null => Ok(Self(Node::Fixed(Value::Object(Map::new())))),
            Value::Object(_) => match parse(value)? {
                node @ (Node::Object(_) | Node::Fixed(_)) => Ok(Self(node)),
                _ => Err(TemplateError::NoObject(value.to_string())),
            },
            other => Err(TemplateError::NoObject(other.to_string())),
        }
    }

    /// Fresh variables for one call: always an object.
    pub fn expand(&self) -> Value {
        self.0.expand()
    }
}

impl Node {
    fn expand(&self) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Array(items) => items.iter().map(Self::expand).collect(),
            Self::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, node)| (name.clone(), node.expand()))
                    .collect(),
            ),
            Self::Int(lo, hi) => fastrand::i64(*lo..=*hi).into(),
            Self::Counter(next) => next.fetch_add(1, Ordering::Relaxed).into(),
            Self::Word(letters) => std::iter::repeat_with(fastrand::lowercase)
                .take(*letters)
                .collect::<String>()
                .into(),
            Self::Pick(values) => fastrand::choice(values).cloned().unwrap_or(Value::Null),
        }
    }
}

fn parse(value: &Value) -> Result<Node, TemplateError> {
    match value {
        Value::Array(items) => Ok(Node::Array(items.iter().map(parse).collect::<Result<_, _>>()?)),
        Value::Object(fields) => match single(fields) {
            Some((name, argument)) if name.starts_with('$') => parse_generator(name, argument),
            _ => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), parse(value)?)));
                Ok(Node::Object(fields.collect::<Result<_, TemplateError>>()?))
            }
        },
        fixed => Ok(Node::Fixed(fixed.clone())),
    }
}

fn single(fields: &Map<String, Value>) -> Option<(&String, &Value)> {
    (fields.len() == 1).then(|| fields.iter().next()).flatten()
}

fn parse_generator(name: &str, argument: &Value) -> Result<Node, TemplateError> {
    let wrong = |generator, expected| TemplateError::Argument {
        generator,
        expected,
        found: argument.to_string(),
    };
    match name {
        "$int" => parse_range(argument)
            .map(|(lo, hi)| Node::Int(lo, hi))
            .ok_or_else(|| wrong("$int", "two integers [lo, hi] with lo <= hi")),
        "$counter" => argument
            .as_i64()
            .map(|start| Node::Counter(AtomicI64::new(start)))
            .ok_or_else(|| wrong("$counter", "an integer to start at")),
        "$word" => argument
            .as_u64()
            .filter(|letters| (1..=MAX_WORD).contains(letters))
            .map(|letters| Node::Word(letters as usize))
            .ok_or_else(|| wrong("$word", "a number of letters, 1 to 4096")),
        "$pick" => argument
            .as_array()
            .filter(|values| !values.is_empty())
            .map(|values| Node::Pick(values.clone()))
            .ok_or_else(|| wrong("$pick", "a list with at least one value")),
        _ => Err(TemplateError::UnknownGenerator(name.to_owned())),
    }
}

fn parse_range(argument: &Value) -> Option<(i64, i64)> {
    match argument.as_array()?.as_slice() {
        [lo, hi] => Some((lo.as_i64()?, hi.as_i64()?)).filter(|(lo, hi)| lo <= hi),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expand(template: Value) -> Value {
        Template::parse(&template).expect("a good template").expand()
    }

    fn refuse(template: Value) -> String {
        Template::parse(&template)
            .expect_err("a bad template")
            .to_string()
    }

    #[test]
    fn fixed_values_stay_as_they_are() {
        let fixed = json!({"a": 1, "b": ["x", null, {"c": true, "$d": 2}]});
        assert_eq!(expand(fixed.clone()), fixed);
        assert_eq!(expand(Value::Null), json!({}));
    }

    #[test]
    fn generators_give_fresh_values_anywhere_in_the_json() {
        let template = Template::parse(&json!({
            "n": {"$counter": 7},
            "deep": [{"w": {"$word": 5}, "i": {"$int": [-2, 2]}}],
            "p": {"$pick": ["only"]},
        }))
        .expect("a good template");
        let first = template.expand();
        let second = template.expand();
        assert_eq!((&first["n"], &second["n"]), (&json!(7), &json!(8)));
        assert_eq!(first["deep"][0]["w"].as_str().map(str::len), Some(5));
        assert!((-2..=2).contains(&first["deep"][0]["i"].as_i64().expect("an integer")));
        assert_eq!(first["p"], json!("only"));
    }

    #[test]
    fn every_value_of_a_range_is_drawn() {
        let template = Template::parse(&json!({"i": {"$int": [1, 3]}})).expect("a good template");
        let drawn: std::collections::BTreeSet<i64> =
            std::iter::repeat_with(|| template.expand()["i"].as_i64().expect("an integer"))
                .take(500)
                .collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn a_bad_template_says_what_was_expected() {
        assert_eq!(
            refuse(json!({"a": {"$uuid": 1}})),
            "`$uuid` is no generator, expected $int, $counter, $word or $pick"
        );
        assert_eq!(
            refuse(json!({"a": {"$int": [3, 1]}})),
            "`$int` takes two integers [lo, hi] with lo <= hi, not [3,1]"
        );
        assert_eq!(refuse(json!([1])), "variables are a JSON object, not [1]");
        assert_eq!(
            refuse(json!({"$counter": 1})),
            "variables are a JSON object, not {\"$counter\":1}"
        );
        assert!(refuse(json!({"a": {"$word": 0}})).contains("1 to 4096"));
        assert!(refuse(json!({"a": {"$pick": []}})).contains("at least one"));
    }
}
