//! What can be wrong with a plan, or keep it from running.

use crate::variables::TemplateError;

/// Why a load cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither a problem's id nor an address.
    #[error("`{0}` is neither a problem nor an address")]
    Subject(String),
    /// No address that `url` can read.
    #[error("`{url}` is no address")]
    Url {
        /// What was given.
        url: String,
        /// Where it fails.
        source: url::ParseError,
    },
    /// The driver speaks plain HTTP only.
    #[error("`{url}` asks for {scheme}, but the driver speaks http only")]
    Scheme {
        /// What was given.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// The address carries a user name or a password.
    #[error("an address with a user name or password is not taken")]
    Credentials,
    /// Load on a foreign host must be asked for.
    #[error("`{0}` is not this machine")]
    Remote(String),
    /// A problem has its operation already.
    #[error("problem `{0}` brings its own operation, so it cannot be combined with another")]
    TwoOperations(String),
    /// An operation decides this by itself.
    #[error("{0} cannot be combined with an operation, which is POSTed as JSON")]
    WithOperation(&'static str),
    /// The shape cannot do with it, or without it.
    #[error("{0}")]
    Shape(&'static str),
    /// No HTTP method.
    #[error("`{0}` is no method, expected one such as GET or POST")]
    Method(String),
    /// No header.
    #[error("`{given}` is no header: {reason}")]
    Header {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A number outside of its range.
    #[error("{what} must be {expected}, not {found}")]
    Range {
        /// Which setting.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// The variables' template cannot be read.
    #[error("the variables cannot be read")]
    Variables(#[from] TemplateError),
    /// The host name has no address.
    #[error("`{host}` has no address that can be used")]
    Resolve {
        /// The host, and its port.
        host: String,
        /// What the resolver said, if anything.
        source: Option<std::io::Error>,
    },
    /// The driver's own threads failed.
    #[error("a thread of the driver failed")]
    Thread(#[source] std::io::Error),
}

impl Error {
    /// What to do about it, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Subject(_) => {
                Some("a problem is an id such as `00hello` or `hello`; an address starts with http://")
            }
            Self::Url { .. } => Some("an address reads http://127.0.0.1:3000/path"),
            Self::Scheme { .. } => Some("use http://, without TLS"),
            Self::Credentials => Some("send a header instead: -H \"authorization: Basic ...\""),
            Self::Remote(_) => {
                Some("--allow-remote puts load on it all the same; do so on hosts of your own")
            }
            Self::TwoOperations(_) => {
                Some("leave the problem out: --operation goes to /graphql of --target, or to an address")
            }
            Self::Header { .. } => Some("a header reads \"name: value\" or name=value"),
            _ => None,
        }
    }
}
