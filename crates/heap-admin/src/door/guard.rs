//! Stands before everything a door serves: `Host`, `Origin`, token.

use std::borrow::Borrow;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

use super::{ASSETS, Door, GRAPHQL, Hosts, Refusal, SOCKET, token};

/// Browsers name the relation between the asking page and the asked address here.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

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
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
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

/// A browser sends `Origin` with everything that a page could make it do across origins, but
/// for plain embedding (an image, a script), which `Sec-Fetch-Site` gives away.
fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Refusal> {
    if headers.contains_key(ORIGIN) {
        let origin = only(headers, &ORIGIN).unwrap_or("more than one");
        let own = origin
            .strip_prefix("http://")
            .is_some_and(|rest| !rest.is_empty() && rest.eq_ignore_ascii_case(host));
        return if own {
            Ok(())
        } else {
            Err(Refusal::Origin(origin.to_owned()))
        };
    }
    let foreign = matches!(only(headers, &SEC_FETCH_SITE), Some("cross-site" | "same-site"));
    // Following a link to the door is no harm.
    if foreign && only(headers, &SEC_FETCH_MODE) != Some("navigate") {
        return Err(Refusal::Site);
    }
    Ok(())
}

/// What is served without the token: the page and its files hold nothing of the service, and
/// a socket shows its token in its first message.
fn is_open(request: &Request) -> bool {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    reads && (path == GRAPHQL || path == SOCKET || path.starts_with(ASSETS))
}

fn check_token(headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    if token::carried(only(headers, &AUTHORIZATION), token) {
        Ok(())
    } else {
        Err(Refusal::Token)
    }
}
