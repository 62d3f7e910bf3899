//! Whether the schema is the shipped one: each type's fields and arguments, as lines of text.

use std::collections::BTreeSet;
use std::path::Path;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};
use serde_json::Value;

use super::door::PublicDoor;
use super::{Error, Refusal};

const INTROSPECTION: &str = "{ __schema { types { name kind
  fields(includeDeprecated: true) { name type { ...T } args { ...A } }
  inputFields { ...A } enumValues(includeDeprecated: true) { name } } } }
fragment A on __InputValue { name defaultValue type { ...T } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }";

/// The API as it was shipped.
pub(super) struct Api(BTreeSet<String>);

impl Api {
    /// The one in `schema/api.graphql`.
    pub(super) fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join("schema/api.graphql");
        let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let lines = of_text(&text).map_err(|reason| Error::Workspace { path, reason })?;
        Ok(Self(lines))
    }

    /// Sees that it is the one at the door.
    ///
    /// # Errors
    /// [`Refusal`] where something is missing, or new.
    pub(super) async fn is_at(&self, door: &PublicDoor) -> Result<(), Error> {
        let found = of_answer(&door.ask(INTROSPECTION, &Value::Null).await?);
        let refused = |line: &str, what: &str| {
            Err(Refusal::new(
                format!("`{line}` {what}"),
                "leave the API as it is: the shop's clients count on it",
            )
            .into())
        };
        if let Some(line) = self.0.difference(&found).next() {
            return refused(line, "is gone from the API, or not as it was");
        }
        match found.difference(&self.0).next() {
            Some(line) => refused(line, "is new in the API"),
            None => Ok(()),
        }
    }
}

fn of_text(text: &str) -> Result<BTreeSet<String>, String> {
    let document = parse_schema(text).map_err(|error| error.to_string())?;
    let mut lines = BTreeSet::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let name = definition.node.name.node.to_string();
        match definition.node.kind {
            TypeKind::Object(object) => {
                lines.extend(object.fields.iter().map(|field| line_of(&name, &field.node)));
            }
            TypeKind::InputObject(input) => {
                lines.extend(
                    input
                        .fields
                        .iter()
                        .map(|field| format!("{name}.{}", argument_of(&field.node))),
                );
            }
            TypeKind::Enum(values) => {
                lines.extend(
                    values
                        .values
                        .iter()
                        .map(|value| format!("{name}.{}", value.node.value.node)),
                );
            }
            _ => {}
        }
    }
    Ok(lines)
}

fn line_of(type_name: &str, field: &FieldDefinition) -> String {
    let arguments = field
        .arguments
        .iter()
        .map(|argument| argument_of(&argument.node))
        .collect();
    line(
        type_name,
        field.name.node.as_str(),
        arguments,
        &field.ty.node.to_string(),
    )
}

fn argument_of(argument: &InputValueDefinition) -> String {
    let default = argument
        .default_value
        .as_ref()
        .map(|value| value.node.to_string());
    with_default(&format!("{}: {}", argument.name.node, argument.ty.node), default)
}

fn of_answer(data: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let types = items(&data["__schema"]["types"]);
    for found in types.filter(|found| !name(found).starts_with("__")) {
        let type_name = name(found);
        for field in items(&found["fields"]) {
            let arguments = items(&field["args"]).map(argument).collect();
            lines.insert(line(
                type_name,
                name(field),
                arguments,
                &type_text(&field["type"]),
            ));
        }
        lines.extend(items(&found["inputFields"]).map(|field| format!("{type_name}.{}", argument(field))));
        lines.extend(items(&found["enumValues"]).map(|value| format!("{type_name}.{}", name(value))));
    }
    lines
}

fn argument(found: &Value) -> String {
    let default = found["defaultValue"].as_str().map(str::to_owned);
    with_default(
        &format!("{}: {}", name(found), type_text(&found["type"])),
        default,
    )
}

/// `Query.book(id: Int!): Book`. Arguments have no order.
fn line(type_name: &str, field: &str, mut arguments: Vec<String>, of: &str) -> String {
    arguments.sort();
    if arguments.is_empty() {
        format!("{type_name}.{field}: {of}")
    } else {
        format!("{type_name}.{field}({}): {of}", arguments.join(", "))
    }
}

fn with_default(text: &str, default: Option<String>) -> String {
    match default {
        Some(default) => format!("{text} = {default}"),
        None => text.to_owned(),
    }
}

fn type_text(found: &Value) -> String {
    match found["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", type_text(&found["ofType"])),
        Some("LIST") => format!("[{}]", type_text(&found["ofType"])),
        _ => name(found).to_owned(),
    }
}

fn name(found: &Value) -> &str {
    found["name"].as_str().unwrap_or_default()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
