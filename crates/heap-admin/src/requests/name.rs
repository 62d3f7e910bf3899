//! What an operation goes by: its name, or its root fields where it has none. A persisted query has no text to read those
//! from: it goes by the name that the request asks for.

use std::borrow::Cow;

use async_graphql::Request;
use async_graphql::parser::types::{DocumentOperations, OperationDefinition, OperationType, Selection};

/// Root fields that make up the name of an operation without one.
const FIELDS: usize = 8;
/// What goes by no name at all: it is refused by the engine as well.
const INVALID: Named<'static> = Named {
    name: Cow::Borrowed("(invalid)"),
    is_subscription: false,
};

/// A request's operation: its name, and whether it is a subscription.
pub(super) struct Named<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) is_subscription: bool,
}

/// Reads it from the request's document, which is parsed if it is not yet: the engine does not parse it again.
pub(super) fn of(request: &mut Request) -> Named<'_> {
    let asked = request.operation_name.clone();
    let has_text = !request.query.is_empty();
    let Ok(document) = request.parsed_query() else {
        return if has_text { INVALID } else { persisted(asked) };
    };
    let found = operation(&document.operations, asked.as_deref());
    found.map_or(INVALID, |(name, operation)| Named {
        name: name.map_or_else(|| Cow::Owned(root_fields(operation)), Cow::Borrowed),
        is_subscription: operation.ty == OperationType::Subscription,
    })
}

/// What has no text: it is known to the engine alone, by a hash (`ApolloPersistedQueries`), and so is what kind it is.
fn persisted(asked: Option<String>) -> Named<'static> {
    asked.map_or(INVALID, |name| Named {
        name: Cow::Owned(name),
        is_subscription: false,
    })
}

/// The operation that is to be executed, as the engine finds it.
fn operation<'a>(
    operations: &'a DocumentOperations,
    asked: Option<&str>,
) -> Option<(Option<&'a str>, &'a OperationDefinition)> {
    match operations {
        DocumentOperations::Single(operation) => asked.is_none().then_some((None, &operation.node)),
        DocumentOperations::Multiple(all) => {
            let found = match asked {
                Some(asked) => all.iter().find(|(name, _)| **name == *asked),
                None => all.iter().next().filter(|_| all.len() == 1),
            };
            found.map(|(name, operation)| (Some(name.as_str()), &operation.node))
        }
    }
}

/// `{ books hello }`, in the document's order, each once.
fn root_fields(operation: &OperationDefinition) -> String {
    let mut names: Vec<String> = Vec::new();
    for selection in &operation.selection_set.node.items {
        let name = match &selection.node {
            Selection::Field(field) => field.node.name.node.to_string(),
            Selection::FragmentSpread(spread) => format!("...{}", spread.node.fragment_name.node),
            Selection::InlineFragment(_) => "...".to_owned(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() == FIELDS {
            break;
        }
    }
    format!("{{ {} }}", names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(document: &str, operation: Option<&str>) -> String {
        let mut request = Request::new(document);
        request.operation_name = operation.map(str::to_owned);
        of(&mut request).name.into_owned()
    }

    #[test]
    fn an_operation_goes_by_its_name_or_by_its_root_fields() {
        for (document, operation, expected) in [
            ("query Books { books { id } }", None, "Books"),
            ("{ hello books { id } again: hello }", None, "{ hello books }"),
            (
                "mutation { a { b } ...F } fragment F on M { c }",
                None,
                "{ a ...F }",
            ),
            ("query A { a } query B { b }", Some("B"), "B"),
            ("query A { a } query B { b }", None, "(invalid)"),
            ("query A { a }", Some("C"), "(invalid)"),
            ("{ a }", Some("C"), "(invalid)"),
            ("{ ... { a } }", None, "{ ... }"),
            ("no graphql", None, "(invalid)"),
            ("no graphql", Some("A"), "(invalid)"),
            // As a persisted query comes.
            ("", Some("Books"), "Books"),
            ("", None, "(invalid)"),
        ] {
            assert_eq!(name(document, operation), expected, "{document}");
        }
    }

    #[test]
    fn a_subscription_is_told_from_the_others() {
        assert!(of(&mut Request::new("subscription S { s }")).is_subscription);
        assert!(!of(&mut Request::new("query S { s }")).is_subscription);
    }
}
