//! The events of a subscription, over a WebSocket.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};
use url::Url;

use super::door::{PublicDoor, shown};
use super::{Error, Refusal};

/// How long each message may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a subscription may take to be in place.
const SETTLE: Duration = Duration::from_millis(100);

/// Somebody who follows a subscription, and reads.
pub(super) struct Follower(WebSocketStream<TcpStream>);

impl Follower {
    /// Subscribes, up to where the server has taken it in.
    pub(super) async fn new(door: &PublicDoor, document: &str, variables: &Value) -> Result<Self, Error> {
        let opening = async {
            let mut follower = Self(open(&door.socket()).await?);
            follower.say(json!({ "type": "connection_init" })).await?;
            follower.next("connection_ack").await?;
            let payload = json!({ "query": document, "variables": variables });
            follower
                .say(json!({ "type": "subscribe", "id": "1", "payload": payload }))
                .await?;
            follower.say(json!({ "type": "ping" })).await?;
            follower.next("pong").await?;
            // The answer to a ping may overtake the subscription by a moment.
            tokio::time::sleep(SETTLE).await;
            Ok(follower)
        };
        within(opening).await
    }

    /// The `data` of the next event.
    pub(super) async fn event(&mut self) -> Result<Value, Error> {
        within(async {
            let mut message = self.next("next").await?;
            Ok(message["payload"]["data"].take())
        })
        .await
    }

    async fn say(&mut self, message: Value) -> Result<(), String> {
        let message = Message::text(message.to_string());
        self.0.send(message).await.map_err(|error| error.to_string())
    }

    /// The next message of that type; the server's pings are answered meanwhile.
    async fn next(&mut self, kind: &str) -> Result<Value, String> {
        while let Some(message) = self.0.next().await {
            let message = message.map_err(|error| error.to_string())?;
            let Message::Text(text) = message else { continue };
            let message: Value = serde_json::from_str(&text).map_err(|_| format!("no JSON: {text}"))?;
            match message["type"].as_str() {
                Some(found) if found == kind => return Ok(message),
                Some("ping") => self.say(json!({ "type": "pong" })).await?,
                Some("pong") => {}
                _ => return Err(format!("{} instead of {kind}", shown(&text))),
            }
        }
        Err(format!("the connection ended before {kind}"))
    }
}

async fn open(address: &str) -> Result<WebSocketStream<TcpStream>, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let url = Url::parse(address).map_err(|error| told(&error))?;
    let addresses = url.socket_addrs(|| None).map_err(|error| told(&error))?;
    let stream = TcpStream::connect(&*addresses)
        .await
        .map_err(|error| told(&error))?;
    let mut request = address.into_client_request().map_err(|error| told(&error))?;
    let protocol = HeaderValue::from_static("graphql-transport-ws");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (socket, _) = client_async(request, stream)
        .await
        .map_err(|error| told(&error))?;
    Ok(socket)
}

async fn within<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, Error> {
    let done = tokio::time::timeout(TIMEOUT, work).await;
    let done = done.unwrap_or_else(|_| Err(format!("nothing within {} seconds", TIMEOUT.as_secs())));
    done.map_err(|reason| {
        Refusal::new(
            format!("the subscription does not tell its events: {reason}"),
            "tell each follower who reads every event, as before",
        )
        .into()
    })
}
