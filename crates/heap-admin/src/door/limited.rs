//! [`Limited`]: an executor within limits, whose errors all have a code.
//!
//! This is a wrapper, not an async-graphql extension: registering any extension costs the
//! engine's fast path for every field.

use std::sync::Arc;

use async_graphql::{Data, ErrorExtensionValues, Executor, Request, Response, ServerError, Value};
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::limits;

/// Longest message of a parse error, in characters: the parser's quotes the line that is wrong.
const MESSAGE_LENGTH: usize = 300;

/// Executes operations of an inner executor: within the limits of this module, and with a
/// stable `extensions.code` on each error.
///
/// | code | what was wrong |
/// | --- | --- |
/// | `DEPTH_LIMIT` | nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH) fields, or [`MAX_NESTING`](super::MAX_NESTING) brackets, or as many selections through fragments |
/// | `COMPLEXITY_LIMIT` | more than [`MAX_FIELDS`](super::MAX_FIELDS) fields |
/// | `ALIAS_LIMIT` | more than [`MAX_ALIASES`](super::MAX_ALIASES) aliases |
/// | `GRAPHQL_PARSE_FAILED` | no GraphQL |
/// | `GRAPHQL_VALIDATION_FAILED` | not valid for the schema |
/// | `INTERNAL` | a resolver's error that names no code itself |
///
/// Persisted queries are not supported: a request without a text is refused as no GraphQL. The engine would put the text in
/// behind these limits, where nothing but its own, if it was given any, would look at it.
#[derive(Clone, Debug)]
pub struct Limited<E>(E);

impl<E: Executor> Limited<E> {
    /// The inner executor needs no limits of its own.
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Executor> Executor for Limited<E> {
    async fn execute(&self, request: Request) -> Response {
        match admit(request) {
            Ok(request) => with_codes(self.0.execute(request).await),
            Err(error) => Response::from_errors(vec![error]),
        }
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        match admit(request) {
            Ok(request) => self.0.execute_stream(request, data).map(with_codes).boxed(),
            Err(error) => stream::iter([Response::from_errors(vec![error])]).boxed(),
        }
    }
}

fn admit(mut request: Request) -> Result<Request, ServerError> {
    limits::check_text(&request.query)?;
    limits::check_document(request.parsed_query().map_err(parse_error)?)?;
    Ok(request)
}

fn parse_error(mut error: ServerError) -> ServerError {
    if let Some((end, _)) = error.message.char_indices().nth(MESSAGE_LENGTH) {
        error.message.truncate(end);
        error.message.push_str(" ...");
    }
    coded(error, "GRAPHQL_PARSE_FAILED")
}

/// Adds a code to each error that has none.
fn with_codes(mut response: Response) -> Response {
    let executed = response.data != Value::Null;
    for error in &mut response.errors {
        let has_code = error
            .extensions
            .as_ref()
            .is_some_and(|values| values.get("code").is_some());
        if !has_code {
            let resolved = executed || !error.path.is_empty();
            set_code(
                error,
                if resolved {
                    "INTERNAL"
                } else {
                    "GRAPHQL_VALIDATION_FAILED"
                },
            );
        }
    }
    response
}

pub(super) fn coded(mut error: ServerError, code: &str) -> ServerError {
    set_code(&mut error, code);
    error
}

fn set_code(error: &mut ServerError, code: &str) {
    error
        .extensions
        .get_or_insert_with(ErrorExtensionValues::default)
        .set("code", code);
}
