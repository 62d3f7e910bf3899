//! What is served besides GraphQL: stored snapshots and a fresh profile.

use crate::{Error, HeapAdmin, Shown, door, spawn_blocking, store::ENDING};
use async_graphql::Executor;
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{
        HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE},
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use futures_util::{Stream, stream};
use heap_recorder::Label;
use std::{
    fs::File,
    io::{self, Read},
};

/// What Go's own pprof endpoints say; `go tool pprof`, Pyroscope and Parca look at the bytes. The file
/// is gzip itself: a `Content-Encoding` would have clients unpack it.
const PROFILE: &str = "application/octet-stream";
/// Read at once from a file that is being sent.
const CHUNK: usize = 64 * 1024;

/// The admin door: GraphQL with its page, to which `/` leads, `/snapshots/{id}`, `/debug/pprof/heap` and
/// `/debug/pprof/allocs`, behind the guard. What it allocates goes by the instrument's own label.
pub fn router(executor: impl Executor, admin: HeapAdmin, door: door::Door) -> Router {
    let files = Router::new()
        .route("/snapshots/{id}", get(snapshot))
        // HEAD would otherwise run the handler of GET, and take a dump to throw it away.
        .route("/debug/pprof/heap", get(heap).head(heap_headers))
        // The same file: what differs is which of its values a viewer shows first.
        .route("/debug/pprof/allocs", get(allocs).head(allocs_headers))
        // `go tool pprof` asks for names here, and gives up on a 404. None: it has the binary to read.
        .route("/debug/pprof/symbol", get(no_symbols).post(no_symbols))
        .route("/", get(async || Redirect::to(door::GRAPHQL)))
        .with_state(admin);
    let routes = door::graphql_routes(executor, &door).merge(files);
    door::guard(routes, &door).layer(from_fn(as_instrument))
}

async fn snapshot(State(admin): State<HeapAdmin>, Path(id): Path<String>) -> Response {
    match admin.open(&id).await {
        Ok(Some((snapshot, file))) => {
            let name = format!("{}{ENDING}", snapshot.id.as_str());
            let length = (CONTENT_LENGTH, snapshot.bytes.0.to_string());
            (
                profile_headers(&name),
                [length],
                Body::from_stream(Label::INSTRUMENT.wrap(chunks(file))),
            )
                .into_response()
        }
        Ok(None) => refusal(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "there is no snapshot of this id",
            None,
        ),
        Err(error) => failure(&error),
    }
}

async fn as_instrument(request: Request, next: Next) -> Response {
    Label::INSTRUMENT.wrap(next.run(request)).await
}

const HEAP: &str = "heap.pb.gz";
const ALLOCS: &str = "allocs.pb.gz";

async fn heap(State(admin): State<HeapAdmin>) -> Response {
    fresh(&admin, Shown::Live, HEAP).await
}

async fn heap_headers() -> Response {
    profile_headers(HEAP).into_response()
}

async fn allocs(State(admin): State<HeapAdmin>) -> Response {
    fresh(&admin, Shown::Allocated, ALLOCS).await
}

async fn allocs_headers() -> Response {
    profile_headers(ALLOCS).into_response()
}

async fn fresh(admin: &HeapAdmin, shown: Shown, file: &str) -> Response {
    match admin.profile(shown).await {
        Ok(profile) => (profile_headers(file), profile).into_response(),
        Err(error) => failure(&error),
    }
}

/// In the form that `go tool pprof` reads; resolving names in the measured process would be measured.
async fn no_symbols() -> &'static str {
    "num_symbols: 0\n"
}

fn profile_headers(file: &str) -> [(HeaderName, String); 3] {
    [
        (CONTENT_TYPE, PROFILE.to_owned()),
        // File names hold no quotes: see the manifest's reader.
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ]
}

/// A file in pieces, each read where blocking is allowed: a snapshot is not taken into memory to be sent
/// from the process that is being measured.
fn chunks(file: File) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(file, |mut file| async move {
        let read = spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK];
            let length = file.read(&mut chunk)?;
            chunk.truncate(length);
            Ok((!chunk.is_empty()).then(|| (Bytes::from(chunk), file)))
        });
        read.await.map_err(io::Error::other)?
    })
}

fn failure(error: &Error) -> Response {
    error.log();
    let status = match error.code() {
        "SHUTTING_DOWN" | "PROFILER" | "BUSY" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    refusal(status, error.code(), &error.to_string(), error.hint())
}

fn refusal(status: StatusCode, code: &str, message: &str, hint: Option<&str>) -> Response {
    let error = serde_json::json!({ "code": code, "message": message, "hint": hint });
    (status, Json(serde_json::json!({ "error": error }))).into_response()
}
