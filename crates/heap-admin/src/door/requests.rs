//! POST `/graphql`: reads a request or a small batch, executes it, answers.
//!
//! The stock extractor takes any content type, and the query string of a GET; that is why the
//! body is read here. async-graphql-axum turns the answer into bytes.

use std::sync::Arc;

use async_graphql::{BatchRequest, BatchResponse, Executor, Response as GraphqlResponse, Value};
use async_graphql_axum::GraphQLResponse;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use serde::de::IgnoredAny;

use super::{Graph, Refusal};

/// Operations in one batch: each may be as costly as a whole request.
const BATCH_LIMIT: usize = 10;
/// What is read and thrown away beyond the limit, so that a client that is still sending
/// gets to read the refusal instead of a reset connection.
const DRAIN: usize = 1024 * 1024;

const JSON: &str = "application/json";
const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";

pub(super) async fn execute<E: Executor>(State(graph): State<Arc<Graph<E>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match read(&parts.headers, body, graph.door.body_limit).await {
        Ok(batch) => answer(graph.executor.execute_batch(batch).await, &parts.headers),
        Err(refusal) => refusal.into_response(),
    }
}

async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<BatchRequest, Refusal> {
    check_content(headers)?;
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > limit.saturating_add(DRAIN)) {
        return Err(Refusal::Body { limit });
    }
    parse(&collect(body, limit).await?)
}

/// Whether a `Content-Type` is `application/json`, parameters aside: what a foreign page cannot send
/// unasked.
pub fn is_json(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(JSON)
}

fn check_content(headers: &HeaderMap) -> Result<(), Refusal> {
    let kinds: Vec<_> = headers
        .get_all(CONTENT_TYPE)
        .iter()
        .map(|kind| kind.to_str().unwrap_or("?"))
        .collect();
    if kinds.len() != 1 || !is_json(kinds[0]) {
        return Err(Refusal::ContentType(kinds.join(", ")));
    }
    match headers
        .get(CONTENT_ENCODING)
        .map(|encoding| encoding.to_str().unwrap_or("?"))
    {
        None | Some("identity") => Ok(()),
        Some(encoding) => Err(Refusal::ContentEncoding(encoding.to_owned())),
    }
}

/// The whole body, never holding more than `limit` bytes of it.
async fn collect(body: Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut seen = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Refusal::BrokenBody)?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            bytes.extend_from_slice(&chunk);
        } else if seen > limit.saturating_add(DRAIN) {
            break;
        }
    }
    if seen > limit {
        Err(Refusal::Body { limit })
    } else {
        Ok(bytes)
    }
}

fn parse(body: &[u8]) -> Result<BatchRequest, Refusal> {
    let malformed = |error: serde_json::Error| Refusal::Malformed(error.to_string());
    if body.trim_ascii_start().first() != Some(&b'[') {
        return serde_json::from_slice(body)
            .map(BatchRequest::Single)
            .map_err(malformed);
    }
    // Counted first: a request takes far more memory than the two bytes it can be written in.
    let found = serde_json::from_slice::<Vec<IgnoredAny>>(body)
        .map_err(malformed)?
        .len();
    if found == 0 || found > BATCH_LIMIT {
        return Err(Refusal::Batch {
            limit: BATCH_LIMIT,
            found,
        });
    }
    serde_json::from_slice(body)
        .map(BatchRequest::Batch)
        .map_err(malformed)
}

/// In the media type that was asked for: the GraphQL one has 400 for what was not executed,
/// while plain JSON answers 200 to everything well formed, as clients of old expect.
fn answer(batch: BatchResponse, asked: &HeaderMap) -> Response {
    let accepts = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|accept| accept.contains(GRAPHQL_RESPONSE))
    };
    let graphql = asked.get_all(ACCEPT).iter().any(accepts);
    let refused = matches!(&batch, BatchResponse::Single(response) if not_executed(response));
    let mut response = GraphQLResponse(batch).into_response();
    if graphql && refused {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    let kind = HeaderValue::from_static(if graphql { GRAPHQL_RESPONSE } else { JSON });
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// No data, and errors that belong to no field: parsing or validation failed.
fn not_executed(response: &GraphqlResponse) -> bool {
    let mut errors = response.errors.iter();
    response.data == Value::Null && response.is_err() && errors.all(|error| error.path.is_empty())
}
