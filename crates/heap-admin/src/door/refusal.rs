//! Every way in which a door says no, in the shape of a GraphQL error.

use axum::Json;
use axum::http::header::{ALLOW, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use thiserror::Error;

/// Why a request was not executed. `extensions.code` of the answer is [`Refusal::code`].
#[derive(Debug, Error)]
pub(super) enum Refusal {
    #[error("this door does not answer to the host {0:?}")]
    Host(String),
    #[error("pages of the origin {0:?} may not use this door")]
    Origin(String),
    #[error("pages of another site may not use this door")]
    Site,
    #[error("the token is missing or wrong")]
    Token,
    #[error("expected the content type application/json, found {0:?}")]
    ContentType(String),
    #[error("expected a plain body, found the content encoding {0:?}")]
    ContentEncoding(String),
    #[error("the body is larger than {limit} bytes")]
    Body { limit: usize },
    #[error("the body broke off")]
    BrokenBody,
    #[error("the body is not a GraphQL request: {0}")]
    Malformed(String),
    #[error("expected 1 to {limit} operations in a batch, found {found}")]
    Batch { limit: usize, found: usize },
    #[error("operations are executed by POST only")]
    Method,
    #[error("expected a WebSocket upgrade that offers the protocol graphql-transport-ws")]
    Protocol,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Host(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin(_) | Self::Site => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::ContentType(_) | Self::ContentEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BrokenBody | Self::Malformed(_) | Self::Batch { .. } | Self::Protocol => {
                StatusCode::BAD_REQUEST
            }
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Host(_) => "FOREIGN_HOST",
            Self::Origin(_) | Self::Site => "FOREIGN_ORIGIN",
            Self::Token => "UNAUTHENTICATED",
            Self::ContentType(_) | Self::ContentEncoding(_) => "UNSUPPORTED_MEDIA_TYPE",
            Self::Body { .. } => "BODY_TOO_LARGE",
            Self::BrokenBody | Self::Malformed(_) => "MALFORMED_REQUEST",
            Self::Batch { .. } => "BATCH_SIZE",
            Self::Method => "METHOD_NOT_ALLOWED",
            Self::Protocol => "SUBPROTOCOL",
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Host(_) => Some("use the address that the server prints at its start"),
            Self::Site => Some("open the address from the browser's own address bar"),
            Self::Token => Some(
                "send the header Authorization: Bearer ...; in GraphiQL: Headers, {\"Authorization\": \"Bearer ...\"}",
            ),
            Self::ContentType(_) => Some("send the header Content-Type: application/json"),
            _ => None,
        }
    }

    /// A header that the status asks for.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Token => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::Method => Some((ALLOW, HeaderValue::from_static("GET, HEAD, POST"))),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut extensions = json!({ "code": self.code() });
        if let Some(hint) = self.hint() {
            extensions["hint"] = hint.into();
        }
        let body = json!({ "errors": [{ "message": self.to_string(), "extensions": extensions }] });
        let mut response = (self.status(), Json(body)).into_response();
        response.headers_mut().extend(self.header());
        response
    }
}
