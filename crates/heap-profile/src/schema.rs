//! What a service's schema has: which object types, with which fields, and which of them are roots.
//!
//! No more than is needed to check a name that was read from a stack; `fields` asks.

use std::collections::{HashMap, HashSet};

use async_graphql_parser::parse_schema;
use async_graphql_parser::types::{SchemaDefinition, TypeKind, TypeSystemDefinition};

use crate::Error;

/// The most bytes of schema that are read: some hundred times a large one.
pub const MAX_SCHEMA_BYTES: usize = 16 << 20;
/// How deep brackets may be nested. The parser has no limit of its own, and a hostile file could overflow the stack.
const MAX_DEPTH: usize = 64;

/// The object types of a schema.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    objects: HashMap<String, HashSet<String>>,
    query: Option<String>,
    mutation: Option<String>,
    subscription: Option<String>,
}

impl Schema {
    /// Reads the schema definition language, as async-graphql's `Schema::sdl` and others write it.
    ///
    /// # Errors
    /// Where it is malformed, says where; also where it is too large or nested too deeply to be a schema.
    pub fn parse(sdl: &str) -> Result<Schema, Error> {
        if sdl.len() > MAX_SCHEMA_BYTES {
            return Err(Error::bad_schema(format_args!(
                "more than {MAX_SCHEMA_BYTES} bytes"
            )));
        }
        if depth(sdl) > MAX_DEPTH {
            return Err(Error::bad_schema(format_args!(
                "brackets are nested more than {MAX_DEPTH} deep"
            )));
        }
        let document = parse_schema(sdl).map_err(|error| Error::bad_schema(one_line(&error)))?;
        let mut schema = Schema::default();
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Type(definition) => {
                    let TypeKind::Object(object) = definition.node.kind else {
                        continue;
                    };
                    let fields = object
                        .fields
                        .into_iter()
                        .map(|field| field.node.name.node.to_string());
                    let name = definition.node.name.node.to_string();
                    schema.objects.entry(name).or_default().extend(fields);
                }
                TypeSystemDefinition::Schema(definition) => schema.set_roots(definition.node),
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        schema.take_usual_roots();
        Ok(schema)
    }

    /// True where there is no object type at all.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// True where there is an object type of this name.
    pub fn has_object(&self, object: &str) -> bool {
        self.objects.contains_key(object)
    }

    /// True where there is this object type, and it has this field.
    pub fn has_field(&self, object: &str, field: &str) -> bool {
        self.objects
            .get(object)
            .is_some_and(|fields| fields.contains(field))
    }

    /// The field of an object type that has no other.
    pub(crate) fn only_field(&self, object: &str) -> Option<&str> {
        let fields = self.objects.get(object).filter(|fields| fields.len() == 1)?;
        fields.iter().next().map(String::as_str)
    }

    /// The roots that are executed like any object: of queries and of mutations.
    pub(crate) fn executed_roots(&self) -> impl Iterator<Item = &str> {
        self.query.iter().chain(&self.mutation).map(String::as_str)
    }

    /// The root of subscriptions.
    pub(crate) fn subscription_root(&self) -> Option<&str> {
        self.subscription.as_deref()
    }

    fn set_roots(&mut self, definition: SchemaDefinition) {
        for (root, named) in [
            (&mut self.query, definition.query),
            (&mut self.mutation, definition.mutation),
            (&mut self.subscription, definition.subscription),
        ] {
            if let Some(named) = named {
                *root = Some(named.node.to_string());
            }
        }
    }

    /// Without a `schema` block, the names are the usual ones.
    fn take_usual_roots(&mut self) {
        if self.query.is_some() || self.mutation.is_some() || self.subscription.is_some() {
            return;
        }
        let usual = |name: &str| self.objects.contains_key(name).then(|| name.to_owned());
        (self.query, self.mutation, self.subscription) =
            (usual("Query"), usual("Mutation"), usual("Subscription"));
    }
}

/// The parser draws the place over several lines, and says on the last one what it expected.
fn one_line(error: &async_graphql_parser::Error) -> String {
    let text = error.to_string();
    let expected = text.lines().last().unwrap_or_default();
    let expected = expected.trim_start_matches([' ', '=']);
    match error.positions().next() {
        Some(place) => format!("line {}, column {}: {expected}", place.line, place.column),
        None => expected.to_owned(),
    }
}

/// How deep brackets are nested, outside of descriptions and comments.
fn depth(sdl: &str) -> usize {
    let bytes = sdl.as_bytes();
    let (mut at, mut depth, mut deepest) = (0, 0usize, 0);
    // After quotes that do not end, it is open what the parser takes for text: then all brackets count.
    let mut skips_text = true;
    while let Some(byte) = bytes.get(at) {
        let skipped = match byte {
            b'"' if skips_text => text_len(&bytes[at..]),
            b'#' if skips_text => bytes[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r')),
            _ => Some(1),
        };
        skips_text &= skipped.is_some();
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
        at += skipped.unwrap_or(1);
    }
    deepest
}

/// The length of the text in quotes that these bytes begin with; nothing where it does not end.
fn text_len(bytes: &[u8]) -> Option<usize> {
    let is_block = bytes.starts_with(b"\"\"\"");
    let quotes = if is_block { 3 } else { 1 };
    let mut escaped = false;
    for at in quotes..bytes.len() {
        match bytes[at] {
            b'"' if !escaped && (!is_block || bytes[at..].starts_with(b"\"\"\"")) => {
                return Some(at + quotes);
            }
            b'\n' | b'\r' if !is_block => return None,
            byte => escaped = byte == b'\\' && !escaped,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn roots_are_those_of_the_schema_block_or_the_usual_ones() {
        let named = Schema::parse(
            "type Root { a: Int } type Query { b: Int } type Alerts { c: Int }
             schema { query: Root subscription: Alerts }",
        )
        .expect("it is well-formed");
        assert_eq!(named.executed_roots().collect::<Vec<_>>(), ["Root"]);
        assert_eq!(named.subscription_root(), Some("Alerts"));
        let usual =
            Schema::parse("type Query { a: Int } type Mutation { b(x: Int! = 1): Int }").expect("it is");
        assert_eq!(usual.executed_roots().collect::<Vec<_>>(), ["Query", "Mutation"]);
        assert_eq!(usual.subscription_root(), None);
        assert!(usual.has_field("Mutation", "b") && !usual.has_field("Query", "b"));
        assert_eq!(usual.only_field("Query"), Some("a"));
    }

    #[test]
    fn extensions_add_fields_and_interfaces_are_no_objects() {
        let schema = Schema::parse("type A { a: Int } extend type A { b: Int } interface I { i: Int }")
            .expect("it is");
        assert!(schema.has_field("A", "a") && schema.has_field("A", "b"));
        assert!(!schema.has_object("I") && schema.only_field("A").is_none());
    }

    #[test]
    fn descriptions_may_hold_any_bracket_and_what_is_nested_too_deeply_is_refused() {
        let smile = "\"\"\"(((\\\"\"\"\"\"\" # {{{\n".repeat(200) + "type A { a: Int }";
        assert!(depth(&smile) == 1, "{}", depth(&smile));
        for deep in [
            format!("type A {{ a: {}Int }}", "[".repeat(1_000_000)),
            format!("type A @d(v: {}", "[{a:".repeat(1_000_000)),
            format!("\" {}", "[".repeat(1_000_000)),
        ] {
            let error = Schema::parse(&deep).expect_err("it is too deep");
            assert!(error.to_string().contains("nested"), "{error}");
        }
        // What is allowed fits into the small stack of a test's thread.
        for brackets in ["[", "{a:"] {
            let nested = brackets.repeat(MAX_DEPTH - 2);
            assert!(Schema::parse(&format!("type A @d(v: {nested}")).is_err());
        }
    }

    #[test]
    fn a_malformed_schema_is_an_error_that_says_where() {
        let error = Schema::parse("type Query { a: }").expect_err("the type is missing");
        let error = error.to_string();
        assert_eq!(error.lines().count(), 1);
        assert!(
            error.starts_with("the schema cannot be read") && error.contains("line 1, column 17: expected"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(sdl in "[a-zA-Z{}()\\[\\]:!@&|=#\"\\\\ \n\u{e9}$0-9._-]{0,80}", text in any::<String>()) {
            drop(Schema::parse(&sdl));
            drop(Schema::parse(&text));
            drop(Schema::parse(&format!("type Query {{ a(b: C = {sdl}): D }}")));
        }
    }
}
