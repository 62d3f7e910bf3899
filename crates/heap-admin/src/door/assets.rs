//! The page's files: what the build embedded, and where to get what it did not.

use std::fmt;
use std::io::Read as _;

use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use flate2::read::GzDecoder;

/// One embedded file.
pub(super) struct Asset {
    /// Changes with the content.
    name: &'static str,
    kind: &'static str,
    etag: &'static str,
    gzip: &'static [u8],
}

/// One script or style sheet of the page.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub(super) url: &'static str,
    /// Empty for the door's own files.
    pub(super) integrity: &'static str,
}

// ASSETS, PAGE_SCRIPT, PAGE_STYLE, EMBEDDED and CDN, written by build.rs.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Where the GraphiQL page gets its scripts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphiqlSource {
    /// From this program: works without a network.
    Embedded,
    /// From a content delivery network, in pinned versions with their hashes: npm was missing
    /// or unreachable when this program was built.
    Cdn,
}

impl fmt::Display for GraphiqlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "GraphiQL is embedded and needs no network",
            Self::Cdn => "GraphiQL is loaded from the network by the browser, since the build had no npm",
        })
    }
}

/// What this build does.
pub fn graphiql_source() -> GraphiqlSource {
    if EMBEDDED.is_empty() {
        GraphiqlSource::Cdn
    } else {
        GraphiqlSource::Embedded
    }
}

/// The third-party files that this build's page loads.
pub(super) fn linked() -> &'static [Link] {
    match graphiql_source() {
        GraphiqlSource::Embedded => EMBEDDED,
        GraphiqlSource::Cdn => CDN,
    }
}

const NOSNIFF: (HeaderName, &str) = (HeaderName::from_static("x-content-type-options"), "nosniff");

pub(super) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mentions = |header, word| headers.get_all(header).iter().any(|value| contains(value, word));
    let kept = [
        NOSNIFF,
        (ETAG, asset.etag),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (VARY, "accept-encoding"),
    ];
    if mentions(IF_NONE_MATCH, asset.etag) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    if mentions(ACCEPT_ENCODING, "gzip") {
        return (
            kept,
            [(CONTENT_TYPE, asset.kind), (CONTENT_ENCODING, "gzip")],
            asset.gzip,
        )
            .into_response();
    }
    let mut plain = Vec::new();
    match GzDecoder::new(asset.gzip).read_to_end(&mut plain) {
        Ok(_) => (kept, [(CONTENT_TYPE, asset.kind)], plain).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn contains(value: &axum::http::HeaderValue, word: &str) -> bool {
    value.to_str().is_ok_and(|value| value.contains(word))
}
