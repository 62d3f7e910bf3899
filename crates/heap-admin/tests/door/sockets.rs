//! Operations over a WebSocket.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::served::Served;

type Socket = WebSocketStream<TcpStream>;

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

async fn connect(served: &Served, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/graphql/ws", served.addr)
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(served.addr).await.unwrap();
    client_async(request, stream).await.map(|(socket, _)| socket)
}

async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message of the protocol, or the code that the socket was closed with.
async fn hear(socket: &mut Socket) -> Result<Value, u16> {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => return Err(frame.unwrap().code.into()),
            _ => {}
        }
    }
}

fn subscribe(query: &str) -> Value {
    json!({ "type": "subscribe", "id": "1", "payload": { "query": query } })
}

/// The status of the answer to an upgrade that was not made.
async fn refused(served: &Served, headers: &[(&'static str, &str)]) -> u16 {
    match connect(served, headers).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
        Ok(_) => 101,
    }
}

/// A socket that was greeted, and welcomed.
async fn greeted(served: &Served) -> Socket {
    let mut socket = connect(served, &[PROTOCOL]).await.unwrap();
    say(&mut socket, json!({ "type": "connection_init" })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "connection_ack");
    socket
}

#[tokio::test]
async fn a_subscription_gives_its_events_and_completes() {
    let served = Served::start(|_| {});
    let own = format!("http://{}", served.addr);
    let mut socket = connect(&served, &[PROTOCOL, ("origin", &own)]).await.unwrap();
    say(&mut socket, json!({ "type": "connection_init" })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "connection_ack");
    say(&mut socket, subscribe("subscription { count(to: 3) }")).await;
    for expected in 1..=3 {
        assert_eq!(
            hear(&mut socket).await.unwrap()["payload"]["data"]["count"],
            expected
        );
    }
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "complete");
    say(&mut socket, json!({ "type": "ping" })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "pong");
}

#[tokio::test]
async fn a_foreign_page_gets_no_socket() {
    let served = Served::start(|_| {});
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(
            refused(&served, &[PROTOCOL, ("origin", origin)]).await,
            403,
            "{origin}"
        );
    }
    assert_eq!(refused(&served, &[PROTOCOL, ("host", "evil.example")]).await, 421);
}

#[tokio::test]
async fn another_protocol_gets_no_socket() {
    let served = Served::start(|_| {});
    assert_eq!(refused(&served, &[]).await, 400);
    assert_eq!(
        refused(&served, &[("sec-websocket-protocol", "graphql-ws")]).await,
        400
    );
    assert_eq!(served.get("/graphql/ws").code(), "SUBPROTOCOL");
}

#[tokio::test]
async fn a_token_is_shown_in_the_greeting() {
    let served = Served::start(|door| door.token = Some("a secret".into()));
    for name in ["authorization", "Authorization"] {
        let mut socket = connect(&served, &[PROTOCOL]).await.unwrap();
        say(
            &mut socket,
            json!({ "type": "connection_init", "payload": { name: "Bearer a secret" } }),
        )
        .await;
        assert_eq!(hear(&mut socket).await.unwrap()["type"], "connection_ack");
    }
    for payload in [
        json!(null),
        json!({}),
        json!("Bearer a secret"),
        json!({ "authorization": "Bearer wrong" }),
    ] {
        let mut socket = connect(&served, &[PROTOCOL]).await.unwrap();
        say(
            &mut socket,
            json!({ "type": "connection_init", "payload": payload }),
        )
        .await;
        say(&mut socket, subscribe("mutation { bump }")).await;
        assert_eq!(hear(&mut socket).await, Err(4401), "{payload}");
    }
    assert_eq!(served.executed(), 0);
}

#[tokio::test]
async fn nothing_is_executed_before_the_greeting() {
    let served = Served::start(|_| {});
    let mut socket = connect(&served, &[PROTOCOL]).await.unwrap();
    say(&mut socket, subscribe("mutation { bump }")).await;
    assert_eq!(hear(&mut socket).await, Err(4401));
    assert_eq!(served.executed(), 0);
}

#[tokio::test]
async fn a_message_that_makes_no_sense_closes_the_socket() {
    let served = Served::start(|door| door.body_limit = 1000);
    let mut socket = connect(&served, &[PROTOCOL]).await.unwrap();
    say(&mut socket, json!({ "type": "\u{e9}".repeat(150) })).await;
    assert_eq!(hear(&mut socket).await, Err(4400));
}

/// Begins a subscription that never ends.
async fn begin(socket: &mut Socket, id: usize) {
    let payload = json!({ "query": "subscription { silence }" });
    say(
        socket,
        json!({ "type": "subscribe", "id": id.to_string(), "payload": payload }),
    )
    .await;
}

/// Asserts that the socket is open, and that what was said before was heard.
async fn is_open(socket: &mut Socket) {
    say(socket, json!({ "type": "ping" })).await;
    assert_eq!(hear(socket).await.unwrap()["type"], "pong");
}

#[tokio::test]
async fn one_subscription_too_many_closes_the_socket() {
    let served = Served::start(|_| {});
    let mut socket = greeted(&served).await;
    for id in 0..100 {
        begin(&mut socket, id).await;
    }
    is_open(&mut socket).await;
    // One that ends makes room for another.
    say(&mut socket, json!({ "type": "complete", "id": "7" })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "complete");
    begin(&mut socket, 100).await;
    is_open(&mut socket).await;
    begin(&mut socket, 101).await;
    let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() else {
        panic!("it is still open");
    };
    assert_eq!(u16::from(frame.code), 4400);
    let reason = "a connection may have 100 operations under way at once, and no more";
    assert_eq!(frame.reason.as_str(), reason);
}

#[tokio::test]
async fn many_subscriptions_one_after_the_other_are_welcome() {
    let served = Served::start(|_| {});
    let mut socket = greeted(&served).await;
    for _ in 0..150 {
        say(&mut socket, subscribe("subscription { count(to: 1) }")).await;
        assert_eq!(hear(&mut socket).await.unwrap()["type"], "next");
        assert_eq!(hear(&mut socket).await.unwrap()["type"], "complete");
    }
}

#[tokio::test]
async fn a_message_over_the_limit_closes_the_socket() {
    let served = Served::start(|door| door.body_limit = 1000);
    let mut socket = greeted(&served).await;
    say(
        &mut socket,
        subscribe(&format!("mutation {{ bump }}{}", " ".repeat(1000))),
    )
    .await;
    // Closed with a frame, or cut off: what matters is that nothing came of it.
    while let Some(Ok(message)) = socket.next().await {
        assert!(!message.is_text(), "{message}");
    }
    assert_eq!(served.executed(), 0);
}
