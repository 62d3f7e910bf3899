//! How both doors execute an operation: limits first, then what belongs to one request, then
//! the engine, then a stable code on each error.
//!
//! This is a wrapper, not an async-graphql extension: registering any extension costs the
//! engine's fast path for every field.

use std::sync::Arc;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Data, ErrorExtensionValues, Executor, Request, Response, ServerError, Value};
use futures_util::stream::{self, BoxStream, StreamExt as _};

/// Deepest nesting of fields. A full introspection query, as GraphiQL sends it, is 15 deep.
pub const MAX_DEPTH: usize = 20;
/// Most fields in an operation, counted where fragments are spread.
pub const MAX_COMPLEXITY: usize = 1_000;
/// Most aliases in a document.
pub const MAX_ALIASES: usize = 50;
/// Largest request body, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// What an operation gets before it is executed, such as loaders of its own.
type Prepare = Arc<dyn Fn(Request) -> Request + Send + Sync>;

/// Executes operations of an inner executor within the limits of this module.
#[derive(Clone)]
pub struct Limited<E> {
    inner: E,
    prepare: Prepare,
}

impl<E: Executor> Limited<E> {
    /// `inner` has to have the limits of depth and complexity; `prepare` sees each request first.
    pub fn new(inner: E, prepare: impl Fn(Request) -> Request + Send + Sync + 'static) -> Self {
        Self {
            inner,
            prepare: Arc::new(prepare),
        }
    }
}

impl<E: Executor> Executor for Limited<E> {
    async fn execute(&self, request: Request) -> Response {
        match self.admit(request) {
            Ok(request) => with_codes(self.inner.execute(request).await),
            Err(error) => Response::from_errors(vec![error]),
        }
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        match self.admit(request) {
            Ok(request) => self.inner.execute_stream(request, data).map(with_codes).boxed(),
            Err(error) => stream::iter([Response::from_errors(vec![error])]).boxed(),
        }
    }
}

impl<E> Limited<E> {
    fn admit(&self, mut request: Request) -> Result<Request, ServerError> {
        let document = request.parsed_query().map_err(parse_error)?;
        let aliases = count_aliases(document);
        if aliases > MAX_ALIASES {
            let message = format!("the document has {aliases} aliases, the limit is {MAX_ALIASES}");
            return Err(coded(ServerError::new(message, None), "ALIAS_LIMIT"));
        }
        Ok((self.prepare)(request))
    }
}

fn count_aliases(document: &ExecutableDocument) -> usize {
    let operations: usize = match &document.operations {
        DocumentOperations::Single(operation) => aliases_in(&operation.node.selection_set.node),
        DocumentOperations::Multiple(operations) => operations
            .values()
            .map(|operation| aliases_in(&operation.node.selection_set.node))
            .sum(),
    };
    let fragments = document
        .fragments
        .values()
        .map(|fragment| aliases_in(&fragment.node.selection_set.node));
    operations + fragments.sum::<usize>()
}

/// Recursion is bounded: the parser refuses documents beyond its own depth.
fn aliases_in(set: &SelectionSet) -> usize {
    let of_selection = |selection: &Selection| match selection {
        Selection::Field(field) => {
            usize::from(field.node.alias.is_some()) + aliases_in(&field.node.selection_set.node)
        }
        Selection::InlineFragment(fragment) => aliases_in(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => 0,
    };
    set.items
        .iter()
        .map(|selection| of_selection(&selection.node))
        .sum()
}

/// Adds a stable `extensions.code` to each error that has none.
fn with_codes(mut response: Response) -> Response {
    let executed = response.data != Value::Null;
    response.errors = response
        .errors
        .into_iter()
        .map(|error| name(error, executed))
        .collect();
    response
}

/// The engine's own errors have no codes; its two limits are known by their messages
/// (`validation/mod.rs`, `schema.rs`; the tests of bad input pin them).
fn name(mut error: ServerError, executed: bool) -> ServerError {
    if error
        .extensions
        .as_ref()
        .is_some_and(|values| values.get("code").is_some())
    {
        return error;
    }
    if error.message == "Query is too complex." {
        error.message = format!("the operation has more than {MAX_COMPLEXITY} fields");
        return coded(error, "COMPLEXITY_LIMIT");
    }
    if error.message == "Query is nested too deep." || error.message.starts_with("The recursion depth") {
        error.message = format!("the operation is nested deeper than {MAX_DEPTH} levels");
        return coded(error, "DEPTH_LIMIT");
    }
    let code = if executed || !error.path.is_empty() {
        "INTERNAL"
    } else {
        "GRAPHQL_VALIDATION_FAILED"
    };
    coded(error, code)
}

fn parse_error(mut error: ServerError) -> ServerError {
    if error.message.contains("recursion limit exceeded") {
        error.message = format!("the operation is nested deeper than {MAX_DEPTH} levels");
        return coded(error, "DEPTH_LIMIT");
    }
    coded(error, "GRAPHQL_PARSE_FAILED")
}

fn coded(mut error: ServerError, code: &str) -> ServerError {
    error
        .extensions
        .get_or_insert_with(ErrorExtensionValues::default)
        .set("code", code);
    error
}
