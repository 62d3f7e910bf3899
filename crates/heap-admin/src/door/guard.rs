//! Stands before everything a door serves: `Host`, `Origin`, `Sec-Fetch-*`, token; and keeps every answer
//! out of other pages' frames.

use std::borrow::Borrow;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

use super::{ASSETS, Door, GRAPHQL, Hosts, ROOT, Refusal, SOCKET, token};

// In these browsers tell how the asking page relates to the asked address, and what it wants it for.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The policy of answers that bring none of their own.
const NO_FRAMES: HeaderValue = HeaderValue::from_static("frame-ancestors 'none'");

/// Lets only the door's own callers through to `router`: everything that it serves, what it
/// answers to unknown paths included.
pub fn guard(router: Router, door: impl Borrow<Door>) -> Router {
    router.layer(from_fn_with_state(Arc::new(door.borrow().clone()), stand))
}

async fn stand(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let mut response = match admit(&door, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NO_FRAMES);
    response
}

fn admit(door: &Door, request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = only(headers, &HOST).unwrap_or_default();
    if let Hosts::Own(bound) = door.hosts {
        // A request line may name a host as well, and then that one counts.
        let named = request.uri().authority().map(|authority| authority.as_str());
        for asked in std::iter::once(host).chain(named) {
            if !is_own(asked, bound) {
                return Err(Refusal::Host(asked.to_owned()));
            }
        }
    }
    check_origin(headers, host)?;
    check_site(request)?;
    match &door.token {
        Some(token) if !is_open(request) => check_token(headers, token),
        _ => Ok(()),
    }
}

/// A header's value, if it came once and is readable. Twice the same header is a way to be
/// read differently by two readers, and counts as none.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn is_own(host: &str, bound: SocketAddr) -> bool {
    let port = bound.port();
    let names = [
        bound.ip().to_string(),
        "127.0.0.1".into(),
        "localhost".into(),
        "[::1]".into(),
    ];
    let bound_itself = host.eq_ignore_ascii_case(&bound.to_string());
    bound_itself
        || names.iter().any(|name| {
            host.eq_ignore_ascii_case(&format!("{name}:{port}"))
                || (port == 80 && host.eq_ignore_ascii_case(name))
        })
}

/// A browser sends `Origin` with most of what a page can make it do across origins.
fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Refusal> {
    if !headers.contains_key(ORIGIN) {
        return Ok(());
    }
    let origin = only(headers, &ORIGIN).unwrap_or("more than one");
    let own = origin
        .strip_prefix("http://")
        .is_some_and(|rest| !rest.is_empty() && rest.eq_ignore_ascii_case(host));
    if own {
        Ok(())
    } else {
        Err(Refusal::Origin(origin.to_owned()))
    }
}

/// The rest comes without `Origin`: embedding (an image, a script, a frame) and leading the whole
/// window elsewhere. Only the last, as by a link, and only to a page, is no harm: other addresses may
/// do something when they are asked.
fn check_site(request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let foreign = matches!(only(headers, &SEC_FETCH_SITE), Some("cross-site" | "same-site"));
    let link = only(headers, &SEC_FETCH_MODE) == Some("navigate")
        && only(headers, &SEC_FETCH_DEST) == Some("document");
    if foreign && !(link && is_page(request)) {
        return Err(Refusal::Site);
    }
    Ok(())
}

/// What a visitor's browser reads first: the way in, the page and its files.
fn is_page(request: &Request) -> bool {
    let path = request.uri().path();
    reads(request) && (path == ROOT || path == GRAPHQL || path.starts_with(ASSETS))
}

fn reads(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

/// What is served without the token: the pages hold nothing of the service, and a socket shows
/// its token in its first message.
fn is_open(request: &Request) -> bool {
    is_page(request) || (reads(request) && request.uri().path() == SOCKET)
}

fn check_token(headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    if token::carried(only(headers, &AUTHORIZATION), token) {
        Ok(())
    } else {
        Err(Refusal::Token)
    }
}
