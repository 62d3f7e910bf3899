//! The smallest service: its text, and `serve`, which it is made of.

use crate::public;
use heap_admin::HeapAdmin;
use serde_json::json;
use std::io::ErrorKind;
use tokio::net::TcpListener;

const EXAMPLE: &str = include_str!("../../examples/minimal.rs");
const README: &str = include_str!("../../README.md");

/// The lines from which a service is made: what is not there cannot be forgotten.
const MOST_LINES: usize = 40;

#[test]
fn the_smallest_service_fits_on_a_page() {
    let lines = EXAMPLE.lines().count();
    assert!(lines <= MOST_LINES, "examples/minimal.rs has {lines} lines");
}

#[test]
fn the_readme_shows_the_smallest_service_as_it_is() {
    let shown: Vec<_> = README.split("```rust\n").skip(1).collect();
    let shown = shown.iter().filter_map(|rest| rest.split_once("```"));
    let found = shown.map(|(code, _)| code).find(|code| code.contains("fn main"));
    let found = found.expect("README.md shows a service");
    assert_eq!(found, EXAMPLE, "copy examples/minimal.rs into README.md");
}

#[test]
fn a_listener_that_is_open_to_the_network_is_refused() {
    let runtime = public::runtime();
    runtime.block_on(async {
        for address in ["0.0.0.0:0", "[::]:0"] {
            // A machine without IPv6 has no such address to refuse.
            let Ok(listener) = TcpListener::bind(address).await else {
                assert_ne!(address, "0.0.0.0:0");
                continue;
            };
            let bound = listener.local_addr().expect("a bound address");
            let admin = HeapAdmin::builder().build().expect("the defaults");
            let error = heap_admin::serve(listener, admin).await.expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            assert_eq!(
                error.to_string(),
                format!("the admin door at {bound} would be open to the network without a token")
            );
        }
    });
}

#[test]
fn a_listener_on_loopback_is_served_with_the_instruments_schema() {
    let runtime = public::runtime();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let admin = HeapAdmin::builder().build().expect("the defaults");
    runtime.spawn(heap_admin::serve(listener, admin));
    let query = json!({ "query": "{ profiler { active } memoryInfo { live } }" });
    let answer = ureq::post(format!("http://{address}/graphql")).send_json(query);
    let answer = answer
        .expect("an answer")
        .body_mut()
        .read_json::<serde_json::Value>();
    let answer = answer.expect("JSON");
    assert_eq!(answer["data"]["profiler"]["active"], true, "{answer}");
    assert!(answer["data"]["memoryInfo"]["live"].is_number(), "{answer}");
}
