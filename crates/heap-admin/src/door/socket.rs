//! `/graphql/ws`: operations over a WebSocket, in the graphql-transport-ws protocol.
//!
//! async-graphql speaks the protocol; this adds what it leaves open: a token, a time limit
//! for the greeting, a look whether the other side is still there, a bound on operations under
//! way, and the protocol's own close codes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use async_graphql::http::{WebSocket as Protocol, WebSocketProtocols, WsMessage};
use async_graphql::{Data, Executor, Request, Response as GraphqlResponse};
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, BoxStream};
use futures_util::{SinkExt as _, Stream, StreamExt as _, future};
use heap_recorder::Label;
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::{Graph, Refusal, token};

const PROTOCOL: &str = "graphql-transport-ws";
/// From the upgrade to `connection_init`.
const GREETING_LIMIT: Duration = Duration::from_secs(10);
/// Between two pings. A side that was silent from one to the next is gone.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Operations that one connection may have under way at once, subscriptions and others. Nothing ends a subscription but its
/// client.
const MOST_OPERATIONS: usize = 100;

// Close codes of the protocol.
const BAD_MESSAGE: u16 = 4400;
const UNAUTHORIZED: u16 = 4401;
const GREETING_TIMEOUT: u16 = 4408;
/// Bytes that a close frame's reason may have (RFC 6455, 5.5).
const REASON_LIMIT: usize = 123;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

pub(super) async fn upgrade<E: Executor>(State(graph): State<Arc<Graph<E>>>, upgrade: Upgrade) -> Response {
    let Ok(upgrade) = upgrade.map(|upgrade| upgrade.protocols([PROTOCOL])) else {
        return Refusal::Protocol.into_response();
    };
    if upgrade.selected_protocol().is_none() {
        return Refusal::Protocol.into_response();
    }
    let limit = graph.door.body_limit;
    // The socket is served by a task of its own: the door's label goes along.
    let label = Label::current();
    upgrade
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(move |socket| label.wrap(serve(socket, graph)))
}

/// What the two directions of a connection tell each other.
#[derive(Default)]
struct Connection {
    /// `connection_init` came, with the token if one is asked for.
    greeted: AtomicBool,
    refused: AtomicBool,
    /// Something came since the last ping.
    alive: AtomicBool,
    /// Operations under way.
    operations: AtomicUsize,
    /// There was one more than there may be.
    crowded: AtomicBool,
}

async fn serve<E: Executor>(socket: WebSocket, graph: Arc<Graph<E>>) {
    let connection = Arc::new(Connection::default());
    let (mut sink, stream) = socket.split();
    let messages = messages(stream, connection.clone());
    let greeting = greeting(graph.door.token.clone(), connection.clone());
    let executor = Counted {
        executor: graph.executor.clone(),
        connection: connection.clone(),
    };
    let mut protocol = Protocol::new(executor, messages, WebSocketProtocols::GraphQLWS)
        .on_connection_init(move |payload| future::ready(greeting(&payload)));
    let mut pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    // A client that reads slowly holds this loop up in `send`: that is its own silence.
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let deadline = sleep(GREETING_LIMIT);
    tokio::pin!(deadline);
    let end = loop {
        let message = tokio::select! {
            message = protocol.next() => match message {
                _ if connection.crowded.load(Relaxed) => break Some(close(BAD_MESSAGE, &too_many())),
                Some(WsMessage::Text(text)) => Message::Text(text.into()),
                Some(WsMessage::Close(code, reason)) => break Some(close(close_code(code, &connection), &reason)),
                None => break None,
            },
            () = &mut deadline, if !connection.greeted.load(Relaxed) => {
                break Some(close(GREETING_TIMEOUT, "Connection initialisation timeout"));
            }
            _ = pings.tick() => {
                if !connection.alive.swap(false, Relaxed) {
                    break None;
                }
                Message::Ping(bytes::Bytes::new())
            }
        };
        if sink.send(message).await.is_err() {
            return;
        }
    };
    // Neither can be helped when the other side is gone.
    if let Some(frame) = end {
        let _ = sink.send(frame).await;
    }
    let _ = sink.close().await;
}

/// An executor whose operations are counted as long as they are under way.
#[derive(Clone)]
struct Counted<E> {
    executor: E,
    connection: Arc<Connection>,
}

impl<E: Executor> Executor for Counted<E> {
    async fn execute(&self, request: Request) -> GraphqlResponse {
        self.executor.execute(request).await
    }

    /// One too many ends at once, without an answer. The protocol comes to tell of that end, and the connection is closed.
    fn execute_stream(
        &self,
        request: Request,
        data: Option<Arc<Data>>,
    ) -> BoxStream<'static, GraphqlResponse> {
        let Some(operation) = Operation::begin(&self.connection) else {
            return stream::empty().boxed();
        };
        let responses = self.executor.execute_stream(request, data);
        let answered = move |response: GraphqlResponse| {
            // Held by this closure, and so by the stream, to its end.
            let _ = &operation;
            response
        };
        responses.map(answered).boxed()
    }
}

/// An operation under way, until it is dropped.
struct Operation(Arc<Connection>);

impl Operation {
    fn begin(connection: &Arc<Connection>) -> Option<Self> {
        let operation = Self(connection.clone());
        if connection.operations.fetch_add(1, Relaxed) < MOST_OPERATIONS {
            return Some(operation);
        }
        connection.crowded.store(true, Relaxed);
        None
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.0.operations.fetch_sub(1, Relaxed);
    }
}

fn too_many() -> String {
    format!("a connection may have {MOST_OPERATIONS} operations under way at once, and no more")
}

/// The messages of the protocol; pings, pongs and whatever else comes are signs of life.
fn messages(
    stream: impl Stream<Item = Result<Message, axum::Error>>,
    connection: Arc<Connection>,
) -> impl Stream<Item = bytes::Bytes> {
    stream
        .take_while(|message| future::ready(message.is_ok()))
        .filter_map(move |message| {
            connection.alive.store(true, Relaxed);
            future::ready(match message {
                Ok(data @ (Message::Text(_) | Message::Binary(_))) => Some(data.into_data()),
                _ => None,
            })
        })
}

/// Answers `connection_init`: takes the token from its payload, where one is asked for.
fn greeting(
    token: Option<String>,
    connection: Arc<Connection>,
) -> impl FnOnce(&Value) -> async_graphql::Result<Data> + Send + 'static {
    move |payload| {
        let welcome = token.is_none_or(|token| token::carried(authorization(payload), &token));
        if !welcome {
            connection.refused.store(true, Relaxed);
            return Err(async_graphql::Error::new("the token is missing or wrong"));
        }
        connection.greeted.store(true, Relaxed);
        Ok(Data::default())
    }
}

/// GraphiQL puts the header editor's headers here as they were typed, so any case will do.
fn authorization(payload: &Value) -> Option<&str> {
    let mut entries = payload.as_object()?.iter();
    entries
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?
        .1
        .as_str()
}

/// async-graphql closes with general codes; clients decide by the protocol's whether to come again.
fn close_code(code: u16, connection: &Connection) -> u16 {
    match code {
        1002 if connection.refused.load(Relaxed) => UNAUTHORIZED,
        1002 => BAD_MESSAGE,
        1011 if !connection.greeted.load(Relaxed) => UNAUTHORIZED,
        other => other,
    }
}

fn close(code: u16, reason: &str) -> Message {
    let reason = &reason[..reason.floor_char_boundary(REASON_LIMIT)];
    Message::Close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }))
}
