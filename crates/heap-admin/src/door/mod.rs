//! The HTTP side of a GraphQL door: the lab's public one and the admin one alike.
//!
//! A browser on the same machine can reach a door on loopback, and so can any page that it
//! shows. What keeps such pages out:
//!
//! - GET and HEAD never execute an operation ([`graphql_routes`]);
//! - POST takes `application/json` only, which a foreign page cannot send unasked;
//! - [`guard`] refuses a foreign `Origin`, on WebSockets too, and a `Host` that is not the
//!   door's own, which is what a rebound DNS name would bring;
//! - a foreign page may link to the door's pages and to nothing else, and may not show any of it
//!   in a frame.
//!
//! # Layout
//!
//! `limited` and `limits` keep operations small, `requests` reads POST bodies and answers them,
//! `socket` serves subscriptions, `page` and `assets` serve GraphiQL, `guard` stands before all of
//! them and before whatever else the door serves, `refusal` is every way of saying no.

mod assets;
mod guard;
mod limited;
mod limits;
mod page;
mod refusal;
mod requests;
mod socket;
mod token;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use async_graphql::Executor;
use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

pub use assets::{GraphiqlSource, graphiql_source};
pub use guard::guard;
pub use limited::Limited;
pub use limits::{MAX_ALIASES, MAX_DEPTH, MAX_FIELDS, MAX_NESTING};
use refusal::Refusal;
pub use requests::is_json;

/// Where visitors come in: from here they are led to the page, or shown a greeting.
const ROOT: &str = "/";
/// The page, and the endpoint that it posts to.
pub(crate) const GRAPHQL: &str = "/graphql";
/// The subscriptions' endpoint.
const SOCKET: &str = "/graphql/ws";
/// The page's files.
const ASSETS: &str = "/graphql/assets/";
/// Bytes that a request's body may have unless told otherwise.
pub const DEFAULT_BODY_LIMIT: usize = 256 * 1024;

/// What one door is called and whom it lets in.
#[derive(Clone)]
pub struct Door {
    /// The page's title.
    pub title: String,
    /// What the page's editor shows first.
    pub default_query: String,
    /// Bytes that a request's body, or a WebSocket message, may have.
    pub body_limit: usize,
    /// The `Host` headers that are taken.
    pub hosts: Hosts,
    /// Asked for as `Authorization: Bearer ...` by everything but `/`, the page and its files, and
    /// as `{"authorization": "Bearer ..."}` in a WebSocket's `connection_init`.
    pub token: Option<String>,
}

/// Which `Host` headers a door takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// The bound address, and its port on `127.0.0.1`, `localhost` and `[::1]`. For a door on
    /// loopback: a foreign name that resolves to it is refused.
    Own(SocketAddr),
    /// Any: for a door that is reached by names that it does not know.
    Any,
}

impl Door {
    /// A door without a token, with the default body limit and an empty first query.
    pub fn new(title: impl Into<String>, hosts: Hosts) -> Self {
        Self {
            title: title.into(),
            default_query: String::new(),
            body_limit: DEFAULT_BODY_LIMIT,
            hosts,
            token: None,
        }
    }
}

impl fmt::Debug for Door {
    /// Everything but the token, which has no place in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("title", &self.title)
            .field("body_limit", &self.body_limit)
            .field("hosts", &self.hosts)
            .field("token", &self.token.as_ref().map(|_| "..."))
            .finish_non_exhaustive()
    }
}

/// What the handlers share.
struct Graph<E> {
    executor: Limited<E>,
    door: Door,
    page: page::Page,
}

/// `/graphql` (GET and HEAD: the GraphiQL page; POST: `application/json` is executed),
/// `/graphql/ws` (graphql-transport-ws) and the page's files. Operations are executed within
/// the limits of [`Limited`].
///
/// Checks a socket's token itself, since that comes in a message; everything else is for
/// [`guard`], which has to be put around the finished router.
pub fn graphql_routes<E: Executor>(executor: E, door: &Door) -> Router {
    let page = page::Page::new(door, assets::linked());
    let graph = Arc::new(Graph {
        executor: Limited::new(executor),
        door: door.clone(),
        page,
    });
    let endpoint = get(page::serve::<E>)
        .post(requests::execute::<E>)
        .fallback(not_a_method);
    Router::new()
        .route(GRAPHQL, endpoint)
        .route(SOCKET, get(socket::upgrade::<E>))
        .route(&format!("{ASSETS}{{name}}"), get(assets::serve))
        .with_state(graph)
}

async fn not_a_method() -> Response {
    Refusal::Method.into_response()
}
