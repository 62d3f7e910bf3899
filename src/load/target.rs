//! Which address is meant by what was typed, and which addresses are refused.

use std::net::SocketAddr;

use url::{Host, Url};

use super::Error;

/// What was typed, told apart: an argument with `://` is an address, any other a problem.
pub(super) enum Subject<'a> {
    Problem(&'a str),
    Address(&'a str),
}

impl<'a> Subject<'a> {
    pub(super) fn parse(typed: &'a str) -> Result<Self, Error> {
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if typed.contains("://") {
            Ok(Self::Address(typed))
        } else if !typed.is_empty() && typed.chars().all(is_id) {
            Ok(Self::Problem(typed))
        } else {
            // `localhost:3000/graphql` most of the time: guessing which is meant helps nobody.
            Err(Error::Subject(typed.to_owned()))
        }
    }
}

/// `path` below the base address.
pub(super) fn below(base: &str, path: &str, allow_remote: bool) -> Result<Url, Error> {
    let mut url = address(base, allow_remote)?;
    let path = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// An address that may be put under load.
pub(super) fn address(typed: &str, allow_remote: bool) -> Result<Url, Error> {
    let mut url = Url::parse(typed).map_err(|source| Error::Url {
        url: typed.to_owned(),
        source,
    })?;
    if url.scheme() != "http" {
        return Err(Error::Scheme {
            url: typed.to_owned(),
            scheme: url.scheme().to_owned(),
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Credentials);
    }
    if !allow_remote && !is_this_machine(&url) {
        return Err(Error::Remote(url.host_str().unwrap_or_default().to_owned()));
    }
    url.set_fragment(None);
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        // No look-up: names other than this one are in the hands of others.
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The socket addresses behind an address. Looked up once, so that no connection waits for a
/// resolver in the middle of a measurement.
pub(super) async fn resolve(url: &Url, allow_remote: bool) -> Result<Vec<SocketAddr>, Error> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let failed = |source| Error::Resolve {
        host: format!("{host}:{port}"),
        source,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut found: Vec<SocketAddr> = tokio::net::lookup_host((bare, port))
        .await
        .map_err(|error| failed(Some(error)))?
        .collect();
    found.retain(|socket| allow_remote || socket.ip().to_canonical().is_loopback());
    if found.is_empty() {
        Err(failed(None))
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(typed: &str) -> String {
        address(typed, false)
            .expect_err("an address that is refused")
            .to_string()
    }

    #[test]
    fn only_plain_http_to_this_machine_is_taken() {
        for good in [
            "http://127.0.0.1:3000/",
            "http://127.8.9.1",
            "http://localhost:1/x?y=1",
            "http://[::1]:80",
        ] {
            assert!(address(good, false).is_ok(), "{good}");
        }
        assert_eq!(
            refused("http://example.org/"),
            "`example.org` is not this machine"
        );
        assert_eq!(refused("http://192.0.2.7/"), "`192.0.2.7` is not this machine");
        assert_eq!(
            refused("http://localhost.example.org/"),
            "`localhost.example.org` is not this machine"
        );
        assert!(address("http://example.org/", true).is_ok());
        assert!(refused("https://127.0.0.1/").contains("speaks http only"));
        assert!(refused("http://me:secret@127.0.0.1/").contains("password"));
        assert!(refused("http://").contains("no address"));
    }

    #[test]
    fn an_argument_is_an_address_or_a_problem_and_never_a_guess() {
        assert!(matches!(
            Subject::parse("00hello"),
            Ok(Subject::Problem("00hello"))
        ));
        assert!(matches!(
            Subject::parse("http://x"),
            Ok(Subject::Address("http://x"))
        ));
        for typo in ["localhost:3000", "/problem/hello", "", "../x", "http:/127.0.0.1"] {
            assert!(Subject::parse(typo).is_err(), "{typo}");
        }
    }

    #[test]
    fn paths_are_put_below_the_base() {
        let url = |base| {
            below(base, "problem/hello", false)
                .expect("a good base")
                .to_string()
        };
        assert_eq!(
            url("http://127.0.0.1:3000"),
            "http://127.0.0.1:3000/problem/hello"
        );
        assert_eq!(
            url("http://127.0.0.1:3000/lab/"),
            "http://127.0.0.1:3000/lab/problem/hello"
        );
    }
}
