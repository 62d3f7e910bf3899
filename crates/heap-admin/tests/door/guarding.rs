//! Who is let in.

use heap_admin::door::Hosts;

use crate::client::{BUMP, HELLO, JSON};
use crate::served::Served;

const PATHS: [(&str, &str); 4] = [
    ("POST", "/graphql"),
    ("GET", "/graphql"),
    ("GET", "/else"),
    ("GET", "/nowhere"),
];

#[test]
fn the_doors_own_names_are_taken() {
    let served = Served::start(|_| {});
    let port = served.addr.port();
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        let host = format!("{host}:{port}");
        let origin = format!("http://{host}");
        let headers = [("Host", host.as_str()), JSON, ("Origin", origin.as_str())];
        assert_eq!(
            served.send_bare("POST", "/graphql", &headers, HELLO).status,
            200,
            "{host}"
        );
    }
}

#[test]
fn a_foreign_host_is_refused_everywhere() {
    let served = Served::start(|_| {});
    let port = served.addr.port();
    let names = [
        format!("evil.example:{port}"),
        "127.0.0.1".into(),
        "127.0.0.1:1".into(),
        format!("127.0.0.1.evil.example:{port}"),
        String::new(),
    ];
    for host in names {
        for (method, path) in PATHS {
            let reply = served.send_bare(method, path, &[("Host", &host), JSON], BUMP);
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (421, "FOREIGN_HOST"),
                "{host} {path}"
            );
        }
    }
    assert_eq!(served.executed(), 0);
}

#[test]
fn a_host_that_is_missing_or_given_twice_is_refused() {
    let served = Served::start(|_| {});
    let own = served.addr.to_string();
    let old = format!(
        "POST /graphql HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BUMP}",
        BUMP.len()
    );
    assert_eq!(served.send_raw(old.as_bytes()).status, 421);
    let twice = [("Host", own.as_str()), ("Host", "evil.example"), JSON];
    assert_ne!(served.send_bare("POST", "/graphql", &twice, BUMP).status, 200);
    let named = "http://evil.example/graphql";
    assert_eq!(
        served
            .send_bare("POST", named, &[("Host", &own), JSON], BUMP)
            .status,
        421
    );
    assert_eq!(served.executed(), 0);
}

#[test]
fn a_door_for_any_host_takes_any_but_no_foreign_origin() {
    let served = Served::start(|door| door.hosts = Hosts::Any);
    let own = [("Host", "lab.example"), ("Origin", "http://lab.example"), JSON];
    assert_eq!(served.send_bare("POST", "/graphql", &own, BUMP).status, 200);
    let foreign = [("Host", "lab.example"), ("Origin", "http://evil.example"), JSON];
    assert_eq!(served.send_bare("POST", "/graphql", &foreign, BUMP).status, 403);
    assert_eq!(
        served
            .send_bare("POST", "/graphql", &[("Origin", "http://"), JSON], BUMP)
            .status,
        403
    );
    assert_eq!(served.executed(), 1);
}

#[test]
fn a_foreign_origin_is_refused_everywhere() {
    let served = Served::start(|_| {});
    let port = served.addr.port();
    let origins = [
        "null".into(),
        "http://evil.example".into(),
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        "http://127.0.0.1:1".into(),
        format!("http://127.0.0.1:{port}.evil.example"),
        String::new(),
    ];
    for origin in origins {
        for (method, path) in PATHS {
            let reply = served.send(method, path, &[("Origin", &origin), JSON], BUMP);
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (403, "FOREIGN_ORIGIN"),
                "{origin} {path}"
            );
        }
    }
    let own = format!("http://127.0.0.1:{port}");
    assert_eq!(
        served
            .send(
                "POST",
                "/graphql",
                &[("Origin", &own), ("Origin", "null"), JSON],
                BUMP
            )
            .status,
        403
    );
    assert_eq!(served.executed(), 0);
}

/// The status that a request gets which a page of this relation makes a browser send.
fn sent_by_a_page(served: &Served, site: &str, mode: &str, dest: &str, method: &str, path: &str) -> u16 {
    let headers = [
        ("Sec-Fetch-Site", site),
        ("Sec-Fetch-Mode", mode),
        ("Sec-Fetch-Dest", dest),
        JSON,
    ];
    served.send(method, path, &headers, BUMP).status
}

#[test]
fn a_foreign_page_may_link_to_the_doors_pages_and_to_nothing_else() {
    let served = Served::start(|_| {});
    for site in ["cross-site", "same-site"] {
        let link = |method, path| sent_by_a_page(&served, site, "navigate", "document", method, path);
        assert_eq!((link("GET", "/graphql"), link("HEAD", "/graphql")), (200, 200));
        // There is nothing at these two, which is not the guard's to say.
        assert_eq!((link("GET", "/"), link("GET", "/graphql/assets/x")), (404, 404));
        for path in ["/else", "/nowhere", "/graphql/ws", "/graphqlx"] {
            assert_eq!(link("GET", path), 403, "{path}");
        }
        assert_eq!((link("POST", "/graphql"), link("POST", "/")), (403, 403));
    }
    assert_eq!(served.executed(), 0);
}

#[test]
fn a_foreign_page_may_embed_nothing() {
    let served = Served::start(|_| {});
    let ways = [
        ("navigate", "iframe"),
        ("navigate", "object"),
        ("navigate", ""),
        ("no-cors", "image"),
        ("no-cors", "document"),
    ];
    for (mode, dest) in ways {
        for path in ["/", "/graphql", "/else"] {
            let status = sent_by_a_page(&served, "cross-site", mode, dest, "GET", path);
            assert_eq!(status, 403, "{mode} {dest} {path}");
        }
    }
    let headers = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")];
    assert_eq!(served.send("GET", "/else", &headers, "").code(), "FOREIGN_ORIGIN");
}

#[test]
fn the_doors_own_pages_and_the_address_bar_reach_everything() {
    let served = Served::start(|_| {});
    for site in ["same-origin", "none"] {
        for (mode, dest) in [("navigate", "document"), ("no-cors", "image"), ("cors", "empty")] {
            assert_eq!(sent_by_a_page(&served, site, mode, dest, "GET", "/else"), 200);
        }
    }
}

#[test]
fn a_token_is_asked_for_everywhere_but_at_the_page_and_its_files() {
    let served = Served::start(|door| door.token = Some("a secret".into()));
    let wrong = [
        "",
        "a secret",
        "Bearer",
        "Bearer a secre",
        "Bearer a secret2",
        "Basic a secret",
    ];
    for (method, path) in [
        ("POST", "/graphql"),
        ("GET", "/else"),
        ("GET", "/nowhere"),
        ("POST", "/graphql/assets/x"),
    ] {
        for given in wrong {
            let reply = served.send(method, path, &[("Authorization", given), JSON], BUMP);
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (401, "UNAUTHENTICATED"),
                "{given} {path}"
            );
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
        assert_eq!(served.send(method, path, &[JSON], BUMP).status, 401);
    }
    assert_eq!(served.executed(), 0);
    let right = ("Authorization", "Bearer a secret");
    assert_eq!(served.send("POST", "/graphql", &[right, JSON], BUMP).status, 200);
    assert_eq!(served.send("GET", "/else", &[right], "").text(), "something else");
    assert_eq!(served.get("/graphql").status, 200);
    assert_eq!(served.get("/graphql/assets/nothing.js").status, 404);
    assert_eq!(served.get("/").status, 404);
}

#[test]
fn a_token_is_not_in_the_doors_own_description() {
    let mut door = heap_admin::door::Door::new("t", Hosts::Any);
    door.token = Some("a secret".into());
    assert!(!format!("{door:?}").contains("a secret"));
}

#[test]
fn every_answer_forbids_guessing_its_type() {
    let served = Served::start(|_| {});
    for path in ["/graphql", "/else", "/nowhere"] {
        assert_eq!(served.get(path).header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn no_answer_may_be_shown_in_a_frame() {
    let served = Served::start(|_| {});
    let foreign = ("Origin", "http://evil.example");
    let refused = served.send("GET", "/graphql", &[foreign], "");
    let answered = ["/graphql", "/else", "/nowhere"].map(|path| served.get(path));
    for reply in answered.iter().chain([&refused]) {
        assert_eq!(reply.header("x-frame-options"), Some("DENY"));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}
