//! The GraphiQL page and its files, as this build has them.

use std::io::Read as _;

use heap_admin::door::{GraphiqlSource, graphiql_source};

use crate::served::Served;

/// What the page loads.
fn loaded(html: &str) -> Vec<&str> {
    let after = |attribute| {
        html.split(attribute)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
    };
    let links = after(" src=\"").chain(after(" href=\""));
    links.filter(|link| *link != "data:,").collect()
}

#[test]
fn the_page_may_load_what_it_names_and_nothing_else() {
    let served = Served::start(|_| {});
    let reply = served.get("/graphql");
    let policy = reply.header("content-security-policy").unwrap();
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "script-src 'self'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert!(
        policy.contains(&format!("connect-src 'self' ws://{}", served.addr)),
        "{policy}"
    );
    let html = reply.text();
    assert!(!html.contains("<script>") && !html.contains("<style"), "{html}");
    let links = loaded(&html);
    assert_eq!(links.len(), 6, "{links:?}");
    let own = links
        .iter()
        .filter(|link| link.starts_with("/graphql/assets/"))
        .count();
    match graphiql_source() {
        GraphiqlSource::Embedded => assert_eq!((own, policy.contains("https:")), (6, false), "{html}"),
        _ => assert_eq!(
            (own, html.matches("integrity=\"sha384-").count()),
            (2, 4),
            "{html}"
        ),
    }
}

#[test]
fn the_page_says_what_its_door_shows_first() {
    let html = Served::start(|_| {}).get("/graphql").text();
    assert!(
        html.contains("<title>A tiny service</title>") && html.contains("data-query=\"{ hello }\""),
        "{html}"
    );
}

#[test]
fn head_answers_as_get_does_without_the_page() {
    let served = Served::start(|_| {});
    let (head, get) = (served.send("HEAD", "/graphql", &[], ""), served.get("/graphql"));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(
        head.header("content-security-policy"),
        get.header("content-security-policy")
    );
    assert!(head.body.is_empty() && !get.body.is_empty());
}

#[test]
fn each_file_of_the_page_has_its_type_and_may_be_kept() {
    let served = Served::start(|_| {});
    let html = served.get("/graphql").text();
    for link in loaded(&html).into_iter().filter(|link| link.starts_with('/')) {
        let packed = served.send("GET", link, &[("Accept-Encoding", "br, gzip")], "");
        let kind = if link.ends_with(".js") {
            "text/javascript; charset=utf-8"
        } else {
            "text/css; charset=utf-8"
        };
        assert_eq!(
            (packed.status, packed.header("content-type")),
            (200, Some(kind)),
            "{link}"
        );
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
        assert!(packed.header("cache-control").unwrap().contains("immutable"));
        let etag = packed.header("etag").unwrap();
        let again = served.send("GET", link, &[("If-None-Match", etag)], "");
        assert_eq!((again.status, again.body.len()), (304, 0));
        let plain = served.get(link);
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(packed.body.as_slice())
            .read_to_end(&mut unpacked)
            .unwrap();
        assert!(unpacked == plain.body && !plain.body.is_empty(), "{link}");
        assert!(
            !String::from_utf8_lossy(&plain.body).contains("@font-face"),
            "{link}"
        );
    }
}

#[test]
fn a_name_that_is_no_file_is_not_found() {
    let served = Served::start(|_| {});
    for name in ["nothing.js", "..%2f..%2fCargo.toml", "%2e%2e", ""] {
        assert_eq!(
            served.get(&format!("/graphql/assets/{name}")).status,
            404,
            "{name}"
        );
    }
}
