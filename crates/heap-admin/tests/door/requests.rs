//! What is executed, and what is not.

use crate::client::{BUMP, HELLO, JSON};
use crate::served::Served;

#[test]
fn a_posted_query_is_executed() {
    let reply = Served::start(|_| {}).post(HELLO);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.text(), r#"{"data":{"hello":"Hello from behind the door"}}"#);
}

#[test]
fn a_charset_does_not_make_json_something_else() {
    let served = Served::start(|_| {});
    let kind = ("Content-Type", "Application/JSON; charset=utf-8");
    assert_eq!(served.send("POST", "/graphql", &[kind], BUMP).status, 200);
    assert_eq!(served.executed(), 1);
}

#[test]
fn get_and_head_execute_nothing_whatever_the_query_says() {
    let served = Served::start(|_| {});
    for method in ["GET", "HEAD"] {
        for kind in [("Accept", "*/*"), ("Accept", "application/json"), JSON] {
            let reply = served.send(method, "/graphql?query=mutation%20%7B%20bump%20%7D", &[kind], "");
            assert_eq!(
                (reply.status, reply.header("content-type")),
                (200, Some("text/html; charset=utf-8"))
            );
        }
    }
    served.send("GET", "/graphql", &[JSON], BUMP);
    assert_eq!(served.executed(), 0);
}

#[test]
fn other_methods_are_refused_and_told_which_there_are() {
    let served = Served::start(|_| {});
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
        let reply = served.send(method, "/graphql", &[JSON], BUMP);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (405, "METHOD_NOT_ALLOWED"),
            "{method}"
        );
        assert_eq!(reply.header("allow"), Some("GET, HEAD, POST"));
    }
    assert_eq!(served.executed(), 0);
}

#[test]
fn a_body_that_is_not_called_json_is_refused() {
    let served = Served::start(|_| {});
    let form = "application/x-www-form-urlencoded";
    for kind in [
        "text/plain",
        "text/plain; application/json",
        form,
        "multipart/form-data; boundary=x",
        "application/graphql",
    ] {
        let reply = served.send("POST", "/graphql", &[("Content-Type", kind)], BUMP);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (415, "UNSUPPORTED_MEDIA_TYPE"),
            "{kind}"
        );
    }
    for headers in [
        &[][..],
        &[JSON, ("Content-Type", "text/plain")],
        &[JSON, ("Content-Encoding", "gzip")],
    ] {
        assert_eq!(
            served.send("POST", "/graphql", headers, BUMP).status,
            415,
            "{headers:?}"
        );
    }
    assert_eq!(served.executed(), 0);
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    let served = Served::start(|door| door.body_limit = 1000);
    let padded = |length: usize| format!("{HELLO}{}", " ".repeat(length - HELLO.len()));
    assert_eq!(served.post(&padded(1000)).status, 200);
    for length in [1001, 100_000] {
        let reply = served.post(&padded(length));
        assert_eq!((reply.status, reply.code().as_str()), (413, "BODY_TOO_LARGE"));
    }
}

#[test]
fn a_body_that_hides_its_length_is_held_to_the_limit_too() {
    let served = Served::start(|door| door.body_limit = 1000);
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        served.addr
    );
    let chunk = format!("3e8\r\n{}\r\n", " ".repeat(1000));
    let reply = served.send_raw(format!("{head}{}0\r\n\r\n", chunk.repeat(3)).as_bytes());
    assert_eq!((reply.status, reply.code().as_str()), (413, "BODY_TOO_LARGE"));
}

#[test]
fn a_body_that_is_no_request_is_refused() {
    let served = Served::start(|_| {});
    for body in [
        "",
        "{",
        "null",
        "7",
        r#"{"query":7}"#,
        r#"[{"query":"{hello}"}"#,
        r#"[7]"#,
        "\u{0}",
    ] {
        let reply = served.post(body);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "MALFORMED_REQUEST"),
            "{body}"
        );
    }
    let deep = format!(
        r#"{{"query":"{{ hello }}","variables":{{"a":{}}}}}"#,
        "[".repeat(50_000)
    );
    assert_eq!(served.post(&deep).status, 400);
}

#[test]
fn a_small_batch_is_executed_in_order_and_a_large_one_not_at_all() {
    let served = Served::start(|_| {});
    let batch = |count: usize| format!("[{}]", vec![BUMP; count].join(","));
    let reply = served.post(&batch(10)).json();
    assert_eq!(reply.as_array().unwrap().len(), 10);
    assert_eq!(served.executed(), 10);
    for body in [
        "[]".to_owned(),
        batch(11),
        format!("[{}{{}}]", "{},".repeat(80_000)),
    ] {
        let reply = served.post(&body);
        assert_eq!((reply.status, reply.code().as_str()), (400, "BATCH_SIZE"));
    }
    assert_eq!(served.executed(), 10);
}

#[test]
fn a_malformed_query_is_an_error_in_the_status_that_the_client_asked_for() {
    let served = Served::start(|_| {});
    for query in ["{ hello", "{ nobody }", ""] {
        let body = format!(r#"{{"query":"{query}"}}"#);
        let plain = served.post(&body);
        assert_eq!(plain.status, 200);
        assert!(plain.json()["errors"][0]["message"].is_string(), "{query}");
        let accept = (
            "Accept",
            "application/graphql-response+json, application/json;q=0.9",
        );
        let strict = served.send("POST", "/graphql", &[JSON, accept], &body);
        assert_eq!((strict.status, strict.json()), (400, plain.json()));
        assert_eq!(
            strict.header("content-type"),
            Some("application/graphql-response+json")
        );
    }
}

#[test]
fn an_error_of_a_field_is_no_error_of_the_request() {
    let accept = ("Accept", "application/graphql-response+json");
    let reply = Served::start(|_| {}).send("POST", "/graphql", &[JSON, accept], r#"{"query":"{ broken }"}"#);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["errors"][0]["path"][0], "broken");
}
