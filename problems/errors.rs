//! GraphQL errors: a stable `extensions.code` each; what went wrong inside is logged, not returned.

use async_graphql::{Error, ErrorExtensions};

use crate::shop::ShopError;

/// The caller asked for something that cannot be: says what, and what would do.
pub(crate) fn bad_input(message: impl Into<String>) -> Error {
    coded("BAD_USER_INPUT", message)
}

/// What a mutation or a list is about does not exist.
pub fn not_found(message: impl Into<String>) -> Error {
    coded("NOT_FOUND", message)
}

/// The database did not do its work. The reason goes to the log.
pub fn internal(error: ShopError) -> Error {
    tracing::error!(%error, "a field could not be answered");
    coded("INTERNAL", "the bookshop could not answer; its log says why")
}

fn coded(code: &'static str, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}
