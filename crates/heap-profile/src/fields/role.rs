//! What a frame says of async-graphql's execution, by the names that its derive macros give.

use crate::names::{self, Method, arguments, last_segment, method};

const ENGINE: &str = "async_graphql";
const SCHEMA: &str = "async_graphql::schema::Schema";

/// What one frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role<'a> {
    /// `T::__name_resolver`: the field with this method is running. Written by `#[Object]`.
    Resolver { of: &'a str, name: &'a str },
    /// Some field of the type is running, and more is not said: `<T as ContainerType>::resolve_field` and the like.
    Container { of: &'a str, is_subscription: bool },
    /// Something of the engine's own is running: introspection, or an entity is being found for a federation's router.
    NoField,
    /// The engine's own wrapper of root types. Of a `MergedObject`, the parts that its type arguments name.
    Wrapper { parts: Vec<&'a str> },
    /// The schema executes a request. What is further from the leaf called it.
    Executor,
    /// A method, or a closure in one. Whether it is a resolver, only the type can tell.
    Method { of: &'a str, name: &'a str },
    /// Nothing.
    Other,
}

impl<'a> Role<'a> {
    /// The type that it speaks of, if it is one with resolvers of the service's own.
    pub(super) fn type_of(&self) -> Option<&'a str> {
        match self {
            Role::Resolver { of, .. } | Role::Container { of, .. } | Role::Method { of, .. } => Some(of),
            Role::NoField | Role::Wrapper { .. } | Role::Executor | Role::Other => None,
        }
    }

    pub(super) fn of(function: &'a str) -> Role<'a> {
        let Some(method) = method(function) else {
            return Role::Other;
        };
        let (of, parts) = arguments(method.of);
        match container_method(&method) {
            Some(_) if is_engine(of) => Role::Wrapper {
                parts: if last_segment(of) == "MergedObject" {
                    merged(&parts)
                } else {
                    Vec::new()
                },
            },
            Some("find_entity") => Role::NoField,
            Some(name) => Role::Container {
                of,
                is_subscription: name == "create_field_stream",
            },
            None if method.of_trait.is_some() || !is_path(of) => Role::Other,
            None if of == SCHEMA && method.name.starts_with("execute") => Role::Executor,
            None => match resolver(method.name) {
                Some(_) if is_engine(of) => Role::NoField,
                Some(name) => Role::Resolver { of, name },
                None => Role::Method {
                    of,
                    name: method.name,
                },
            },
        }
    }
}

fn resolver(method: &str) -> Option<&str> {
    method.strip_prefix("__")?.strip_suffix("_resolver")
}

/// The method through which the engine asks a type for a field, if this is one.
fn container_method<'a>(method: &Method<'a>) -> Option<&'a str> {
    let Some(of_trait) = method.of_trait else {
        // Generic objects with names for their instances.
        return (method.name == "__internal_resolve_field").then_some(method.name);
    };
    let of_trait = last_segment(arguments(of_trait).0);
    let asks = match of_trait {
        "ContainerType" => matches!(method.name, "resolve_field" | "find_entity"),
        "ComplexObject" => method.name == "resolve_field",
        "SubscriptionType" => method.name == "create_field_stream",
        _ => false,
    };
    asks.then_some(method.name)
}

/// The types in `MergedObject<&A, MergedObject<&B, MergedObjectTail>>`. Legacy names have parameters in their place.
fn merged<'a>(parts: &[&'a str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut level = parts.to_vec();
    while let [part, rest] = level[..] {
        let of = arguments(names::without_references(part)).0;
        if is_path(of) {
            found.push(of);
        }
        level = arguments(names::without_references(rest)).1;
    }
    found
}

fn is_engine(of: &str) -> bool {
    names::crate_of(of) == Some(ENGINE)
}

/// A path, and nothing else: not a slice, not a closure.
fn is_path(of: &str) -> bool {
    of.contains("::")
        && of
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}' | '#'))
}
