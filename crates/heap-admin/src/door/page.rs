//! GET `/graphql`: the GraphiQL page, with a policy that leaves it nothing but its own door.

use std::sync::Arc;

use async_graphql::Executor;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use super::assets::{Link, PAGE_SCRIPT, PAGE_STYLE};
use super::{Door, GRAPHQL, Graph, SOCKET};

/// The page, written once; only the policy's address of the socket changes with the request.
pub(super) struct Page {
    html: String,
    policy: String,
}

impl Page {
    pub(super) fn new(door: &Door, linked: &[Link]) -> Self {
        Self {
            html: write(door, linked).into_string(),
            policy: policy(linked),
        }
    }
}

const NOSNIFF: (HeaderName, &str) = (HeaderName::from_static("x-content-type-options"), "nosniff");

/// Whatever the query string says: it is for the page's script to read.
pub(super) async fn serve<E: Executor>(State(graph): State<Arc<Graph<E>>>, headers: HeaderMap) -> Response {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let policy = format!("{}; connect-src 'self'{}", graph.page.policy, socket_source(host));
    let headers = [
        NOSNIFF,
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (
        headers,
        [(CONTENT_SECURITY_POLICY, policy)],
        graph.page.html.clone(),
    )
        .into_response()
}

/// Not every browser takes `'self'` to mean the WebSocket too. A host that could be read as
/// more than one source is left out.
fn socket_source(host: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(plain) {
        String::new()
    } else {
        format!(" ws://{host}")
    }
}

/// The one style sheet that the editor writes into the page: it stops the page from scrolling
/// behind a dialog, and is always the same here, where the page does not scroll. The rest of
/// its inline styles go through the object model, which the policy leaves alone.
const DIALOG_STYLE: &str = "'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='";

/// All of the policy but `connect-src`.
fn policy(linked: &[Link]) -> String {
    let foreign = |extension| -> String {
        let links = linked
            .iter()
            .filter(|link| !link.integrity.is_empty() && link.url.ends_with(extension));
        links.map(|link| format!(" {}", link.url)).collect()
    };
    let (scripts, styles) = (foreign(".js"), foreign(".css"));
    // The style sheet as published carries its fonts; the embedded one has lost them.
    let fonts = if styles.is_empty() { "'none'" } else { "data:" };
    format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self' {DIALOG_STYLE}{styles}; \
         font-src {fonts}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn write(door: &Door, linked: &[Link]) -> Markup {
    let (scripts, styles): (Vec<&Link>, Vec<&Link>) =
        linked.iter().partition(|link| link.url.ends_with(".js"));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (door.title) }
                // Browsers would ask for one otherwise.
                link rel="icon" href="data:,";
                @for style in styles { (stylesheet(style)) }
                (stylesheet(&PAGE_STYLE))
                @for script in scripts { (deferred(script)) }
                (deferred(&PAGE_SCRIPT))
            }
            body {
                div #graphiql data-endpoint=(GRAPHQL) data-socket=(SOCKET) data-title=(door.title)
                    data-query=(door.default_query) { "Loading GraphiQL" }
                noscript { "GraphiQL needs JavaScript; POST " (GRAPHQL) " does not" }
            }
        }
    }
}

fn stylesheet(link: &Link) -> Markup {
    let (integrity, crossorigin) = checked(link);
    html! { link rel="stylesheet" href=(link.url) integrity=[integrity] crossorigin=[crossorigin]; }
}

/// Deferred scripts run in the order of the page, when all of it is there.
fn deferred(link: &Link) -> Markup {
    let (integrity, crossorigin) = checked(link);
    html! { script defer src=(link.url) integrity=[integrity] crossorigin=[crossorigin] {} }
}

/// A foreign file is taken only with the right hash; the browser can check it only if it was
/// asked for as a cross-origin request.
fn checked(link: &Link) -> (Option<&str>, Option<&str>) {
    if link.integrity.is_empty() {
        (None, None)
    } else {
        (Some(link.integrity), Some("anonymous"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::assets::CDN;
    use super::*;
    use crate::door::Hosts;

    #[test]
    fn a_page_from_the_network_names_a_hash_for_each_foreign_file_and_no_other_host() {
        let page = Page::new(&Door::new("t", Hosts::Any), CDN);
        assert_eq!(CDN.len(), 4);
        assert_eq!(page.html.matches("integrity=\"sha384-").count(), 4);
        assert_eq!(page.html.matches("crossorigin=\"anonymous\"").count(), 4);
        assert_eq!(page.html.matches("https://").count(), 4);
        for link in CDN {
            assert!(
                page.html.contains(link.url) && page.policy.contains(link.url),
                "{}",
                link.url
            );
        }
    }

    #[test]
    fn what_a_door_is_told_to_show_is_escaped() {
        let mut door = Door::new("<b>", Hosts::Any);
        door.default_query = "{ a(b: \"<script>\") }".into();
        let page = Page::new(&door, &[]);
        assert!(
            page.html.contains("{ a(b: &quot;&lt;script&gt;&quot;) }") && page.html.contains("&lt;b&gt;")
        );
    }

    #[test]
    fn a_host_cannot_add_to_the_policy() {
        assert_eq!(socket_source("127.0.0.1:3000"), " ws://127.0.0.1:3000");
        assert_eq!(socket_source("a; script-src *"), "");
    }
}
