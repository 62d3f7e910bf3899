//! The two doors as a visitor sees them.

use std::net::TcpStream;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::harness::{Lab, get, post, wait_until};

/// Problems whose operation is a subscription.
const FOLLOWED: [&str; 1] = ["13feed"];

fn problem(lab: &Lab, id: &str) -> (u16, Value) {
    let (status, body) = get(&format!("{}/problem/{id}", lab.public_url()));
    (status, serde_json::from_slice(&body).expect("JSON"))
}

#[test]
fn the_front_page_greets_by_a_name_and_says_where_to_go() {
    let lab = Lab::start(&[]);
    let (status, body) = get(&format!("{}/", lab.public_url()));
    let page = String::from_utf8_lossy(&body).into_owned();
    assert_eq!(status, 200);
    assert!(
        page.contains("<h1>Hello, ") && page.contains("/graphql"),
        "{page}"
    );
    let greetings: std::collections::BTreeSet<_> = (0..20)
        .map(|_| get(&format!("{}/", lab.public_url())).1)
        .collect();
    assert!(greetings.len() > 1, "always the same user");
}

#[test]
fn what_the_pages_begin_with_the_doors_answer() {
    let lab = Lab::start(&[]);
    let doors = [
        (lab.public_url(), &["Hello"][..]),
        (lab.admin_url(), &["Memory", "TakeSnapshot"]),
    ];
    for (door, operations) in doors {
        let (_, page) = get(&format!("{door}/graphql"));
        let page = String::from_utf8(page).expect("text");
        let (_, rest) = page.split_once("data-query=\"").expect("a query");
        let (query, _) = rest.split_once('"').expect("its end");
        let query = query.replace("&quot;", "\"");
        for operation in operations {
            let (_, answer) = post(door, &json!({ "query": query, "operationName": operation }));
            assert!(answer.get("errors").is_none(), "{operation} of {query}: {answer}");
        }
    }
}

#[test]
fn every_problem_answers_by_its_address_with_its_data() {
    let lab = Lab::start(&[]);
    let problems = lab.ask("{ problems { id title } }");
    let ids: Vec<&str> = problems["data"]["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|problem| problem["id"].as_str().expect("an id"))
        .collect();
    assert!(ids.len() >= 8 && ids[0] == "00hello", "{ids:?}");
    for id in ids {
        for address in [id, &id[..2], &id[2..]] {
            let (status, answer) = problem(&lab, address);
            if FOLLOWED.contains(&id) {
                assert_eq!(status, 426, "{address}: {answer}");
                let hint = answer["hint"].as_str().expect("a hint");
                assert!(hint.contains("/graphql/ws"), "{hint}");
                continue;
            }
            assert_eq!(status, 200, "{address}: {answer}");
            assert!(
                answer.get("errors").is_none() && answer["data"].is_object(),
                "{address}: {answer}"
            );
        }
    }
    let calls = lab.admin("{ problems { id calls } }");
    assert!(
        calls["problems"]
            .as_array()
            .is_some_and(|all| all.iter().all(|one| {
                let followed = FOLLOWED.iter().any(|id| one["id"] == **id);
                followed || one["calls"].as_u64() >= Some(3)
            }))
    );
}

#[test]
fn a_problem_gets_fresh_variables_for_each_call() {
    let lab = Lab::start(&[]);
    let answers: std::collections::BTreeSet<String> =
        (0..20).map(|_| problem(&lab, "03").1.to_string()).collect();
    assert!(answers.len() > 10, "{answers:?}");
}

#[test]
fn a_problem_is_run_by_get_and_by_post_and_not_by_what_a_foreign_page_can_post() {
    let lab = Lab::start(&[]);
    let url = format!("{}/problem/hello", lab.public_url());
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let calls = || lab.admin("{ problems { calls } }")["problems"][0]["calls"].clone();
    assert_eq!(agent.post(&url).send_empty().expect("an answer").status(), 200);
    assert_eq!(
        agent.post(&url).send_json(json!({})).expect("an answer").status(),
        200
    );
    assert_eq!(agent.get(&url).call().expect("an answer").status(), 200);
    assert_eq!(calls(), 3);
    let text = agent
        .post(&url)
        .content_type("text/plain")
        .send("{}")
        .expect("an answer");
    assert_eq!(text.status(), 415);
    assert_eq!(agent.head(&url).call().expect("an answer").status(), 200);
    assert_eq!(calls(), 3);
}

#[test]
fn past_the_memory_limit_problems_refuse_and_all_else_answers() {
    let lab = Lab::start(&["--memory-limit", "48MiB"]);
    let refusal = || {
        let answer = problem(&lab, "hello").1;
        answer["errors"][0]
            .is_object()
            .then(|| answer["errors"][0].clone())
    };
    for _ in 0..20 {
        if refusal().is_some() {
            break;
        }
        lab.call_problem("hello", 1_000);
    }
    wait_until("the refusal", || refusal().is_some());
    let error = refusal().expect("an error");
    assert_eq!(error["extensions"]["code"], "MEMORY_LIMIT");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| message.contains("resetProblem")),
        "{error}"
    );
    assert!(lab.ask("{ problems { id } }").get("errors").is_none());
    lab.admin("mutation { resetProblem(id: \"hello\") { live } }");
    assert_eq!(refusal(), None);
}

#[test]
fn the_admin_door_answers_while_the_bookshop_is_under_load() {
    let lab = Lab::start(&[]);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| lab.call_problem("02", 3_000));
        while !load.is_finished() {
            assert!(lab.admin("{ memoryInfo { live rss } }")["memoryInfo"]["live"].as_u64() > Some(0));
        }
    });
}

#[test]
fn the_three_parts_of_the_memory_add_up_to_what_is_resident() {
    let lab = Lab::start(&[]);
    let info = lab.admin("{ memoryInfo { live heldByAllocator outside rss } }")["memoryInfo"].clone();
    let bytes = |name: &str| info[name].as_u64().expect("bytes");
    let sum = bytes("live") + bytes("heldByAllocator") + bytes("outside");
    assert!(sum.abs_diff(bytes("rss")) <= bytes("rss") / 20, "{info}");
}

#[tokio::test]
async fn subscriptions_speak_graphql_transport_ws_on_both_doors() {
    let lab = tokio::task::spawn_blocking(|| Lab::start(&[]))
        .await
        .expect("a lab");
    let memory = first_event(
        lab.admin_url(),
        "subscription { memory(intervalMs: 100) { live } }",
    )
    .await;
    assert!(
        memory["payload"]["data"]["memory"]["live"].as_u64() > Some(0),
        "{memory}"
    );
    let query = first_event(lab.public_url(), "{ problems { id } }").await;
    assert_eq!(query["payload"]["data"]["problems"][0]["id"], "00hello");
    let deep = first_event(lab.public_url(), &format!("{{a(b:{}", "[".repeat(4_000))).await;
    assert!(deep.to_string().contains("DEPTH_LIMIT"), "{deep}");
}

/// Connects as a page of the door itself would, and gives the first message after the handshake.
async fn first_event(base: &str, query: &str) -> Value {
    let host = base.trim_start_matches("http://");
    let mut request = format!("ws://{host}/graphql/ws")
        .into_client_request()
        .expect("a request");
    request.headers_mut().insert(
        "Sec-WebSocket-Protocol",
        "graphql-transport-ws".parse().expect("a header"),
    );
    request
        .headers_mut()
        .insert("Origin", base.parse().expect("a header"));
    let stream = tokio::net::TcpStream::connect(host).await.expect("a connection");
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .expect("an upgrade");
    let start = json!({"id": "1", "type": "subscribe", "payload": {"query": query}});
    for message in [json!({"type": "connection_init"}), start] {
        socket
            .send(Message::text(message.to_string()))
            .await
            .expect("sent");
    }
    loop {
        let message = socket.next().await.expect("a message").expect("a good one");
        let Ok(text) = message.to_text() else { continue };
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        if value["type"] == "next" || value["type"] == "error" {
            return value;
        }
    }
}

#[test]
fn a_get_of_graphql_executes_nothing_on_either_door() {
    let lab = Lab::start(&[]);
    let mutation = "mutation%7BtakeSnapshot%7Bid%7D%7D";
    let (status, body) = get(&format!("{}/graphql?query={mutation}", lab.admin_url()));
    assert_eq!(status, 200);
    assert!(String::from_utf8_lossy(&body).starts_with("<!DOCTYPE html>"));
    get(&format!("{}/graphql?query=%7Bhello%7D", lab.public_url()));
    assert_eq!(lab.admin("{ snapshots { id } }")["snapshots"], json!([]));
    assert_eq!(lab.admin("{ problems { calls } }")["problems"][0]["calls"], 0);
}

#[test]
fn a_snapshot_can_be_fetched_and_deleted() {
    let lab = Lab::start(&[]);
    let taken = lab.admin("mutation { takeSnapshot(name: \"before-lunch\") { id name bytes url } }");
    let taken = &taken["takeSnapshot"];
    assert_eq!(taken["name"], "before-lunch");
    let (status, body) = get(&format!(
        "{}{}",
        lab.admin_url(),
        taken["url"].as_str().expect("a url")
    ));
    assert_eq!(
        (status, body.len() as u64),
        (200, taken["bytes"].as_u64().expect("bytes"))
    );
    heap_profile::Profile::decode(&body).expect("a profile");
    let id = taken["id"].as_str().expect("an id");
    assert_eq!(
        lab.admin(&format!("mutation {{ deleteSnapshot(id: \"{id}\") }}"))["deleteSnapshot"],
        true
    );
    assert_eq!(
        lab.admin(&format!("{{ snapshot(id: \"{id}\") {{ id }} }}"))["snapshot"],
        Value::Null
    );
}

#[test]
fn foreign_pages_are_refused_by_both_doors() {
    let lab = Lab::start(&[]);
    for base in [lab.public_url(), lab.admin_url()] {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let foreign = agent
            .post(format!("{base}/graphql"))
            .header("Origin", "http://evil.example")
            .send_json(json!({"query": "{ __typename }"}))
            .expect("an answer");
        assert_eq!(foreign.status(), 403);
        let text = agent
            .post(format!("{base}/graphql"))
            .content_type("text/plain")
            .send(r#"{"query":"{ __typename }"}"#)
            .expect("an answer");
        assert_eq!(text.status(), 415);
        assert_eq!(post(base, &json!({"query": "{ __typename }"})).0, 200);
    }
    assert!(TcpStream::connect(lab.admin_url().trim_start_matches("http://")).is_ok());
}

#[test]
fn a_service_whose_log_nobody_can_take_goes_on() {
    let lab = Lab::start_with(&["--memory-limit", "64MiB"], |command| {
        let full = std::fs::File::options().write(true).open("/dev/full");
        command.stderr(full.expect("a file that takes nothing"));
    });
    assert!(lab.take_snapshot().exists());
    lab.call_problem("hello", 1_000);
    let refusal = || lab.ask("{ hello }")["errors"][0]["extensions"]["code"].clone();
    wait_until("the refusal", || {
        lab.call_problem("hello", 4_000);
        refusal() == "MEMORY_LIMIT"
    });
    lab.admin("mutation { resetProblem(id: \"hello\") { live } }");
    // The guard still looks: it says so again, of what has grown since.
    wait_until("the second refusal", || {
        lab.call_problem("hello", 4_000);
        refusal() == "MEMORY_LIMIT"
    });
}
