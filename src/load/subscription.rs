//! One subscription whose client reads no events.
//!
//! Its socket takes in little (a small buffer, small segments), so that what it is sent piles up in the server soon.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::OperationType;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

use super::{Error, Operation, Settings, request};
use crate::variables::Template;

/// Below the address of plain operations.
const SOCKET_PATH: &str = "ws";
const PROTOCOL: &str = "graphql-transport-ws";
/// The receive buffer that is asked for; Linux gives twice that.
const RECEIVE_BYTES: u32 = 4096;
/// The longest segment that is asked for. By it the server's kernel sizes its send buffer: with the 64 KiB of the
/// loopback that takes megabytes before the server notices anything.
const SEGMENT_BYTES: u32 = 536;
/// The WebSocket's own buffer, of which each subscription has one.
const SOCKET_BUFFER_BYTES: usize = 4096;
/// How long the first message is waited for at the end, if none has come.
const LAST_LOOK: Duration = Duration::from_millis(100);

type Socket = WebSocketStream<TcpStream>;

/// What to subscribe to, and how often.
#[derive(Debug)]
pub(super) struct Subscriptions {
    url: Url,
    headers: Vec<(String, String)>,
    document: String,
    variables: Option<Template>,
    pub(super) count: usize,
    timeout: Duration,
    /// Whether requests are sent meanwhile.
    pub(super) triggered: bool,
}

/// A subscription that is open. Nothing reads from it.
#[derive(Debug)]
pub(super) struct Stalled {
    socket: Socket,
    first: Option<First>,
}

/// Why a subscription was not opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOpened {
    #[error("cannot connect: {0}")]
    Connect(#[from] io::Error),
    #[error("no WebSocket: {0}")]
    Socket(#[from] tungstenite::Error),
    #[error("no subscription: the server sent {0}")]
    Message(String),
    #[error("no subscription within {0:?}")]
    Timeout(Duration),
}

/// What the server says first to a subscription.
#[derive(Debug)]
pub(super) enum First {
    Event,
    Errors(Value),
    /// It ended without an event, or its connection did.
    End,
}

impl Subscriptions {
    /// At the socket below `url`.
    ///
    /// # Errors
    /// Where the operation is no subscription, or a header or the variables cannot be read.
    pub(super) fn new(url: &Url, settings: &Settings, operation: &Operation) -> Result<Self, Error> {
        if !is_subscription(&operation.document) {
            return Err(Error::Shape(
                "the shape stalled takes a subscription, and the operation is none",
            ));
        }
        let mut url = url.clone();
        url.set_path(&format!("{}/{SOCKET_PATH}", url.path().trim_end_matches('/')));
        // Cannot fail: both schemes are special ones.
        let _ = url.set_scheme("ws");
        let headers = settings.headers.iter().map(|given| request::header(given));
        Ok(Self {
            url,
            headers: headers.collect::<Result<_, _>>()?,
            document: operation.document.clone(),
            variables: operation.variables.as_ref().map(Template::parse).transpose()?,
            count: settings.connections,
            timeout: settings.timeout,
            triggered: settings.trigger.is_some(),
        })
    }

    /// Opens a subscription, up to where the server has taken it in.
    pub(super) async fn open(&self, addresses: &[SocketAddr]) -> Result<Stalled, NotOpened> {
        let opening = async {
            let stream = connect(addresses).await?;
            let config = WebSocketConfig::default().read_buffer_size(SOCKET_BUFFER_BYTES);
            let (mut socket, _) = client_async_with_config(self.upgrade()?, stream, Some(config)).await?;
            say(&mut socket, json!({ "type": "connection_init" })).await?;
            expect(&mut socket, "connection_ack").await?;
            say(&mut socket, self.subscribe()).await?;
            say(&mut socket, json!({ "type": "ping" })).await?;
            let first = until_pong(&mut socket).await?;
            Ok(Stalled { socket, first })
        };
        tokio::time::timeout(self.timeout, opening)
            .await
            .unwrap_or(Err(NotOpened::Timeout(self.timeout)))
    }

    fn upgrade(&self) -> Result<Request, tungstenite::Error> {
        let mut request = self.url.as_str().into_client_request()?;
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            let (name, value) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_str(value),
            );
            headers.insert(
                name.map_err(tungstenite::http::Error::from)?,
                value.map_err(tungstenite::http::Error::from)?,
            );
        }
        headers.insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
        Ok(request)
    }

    fn subscribe(&self) -> Value {
        let mut payload = json!({ "query": self.document });
        if let Some(variables) = &self.variables {
            payload["variables"] = variables.expand();
        }
        json!({ "type": "subscribe", "id": "1", "payload": payload })
    }
}

fn is_subscription(document: &str) -> bool {
    parse_query(document).is_ok_and(|document| {
        let mut operations = document.operations.iter();
        operations.any(|(_, operation)| operation.node.ty == OperationType::Subscription)
    })
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut failed = io::ErrorKind::AddrNotAvailable.into();
    for address in addresses {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // Before connecting: both go into the offer that is made to the server.
        socket.set_recv_buffer_size(RECEIVE_BYTES)?;
        socket2::SockRef::from(&socket).set_tcp_mss(SEGMENT_BYTES)?;
        match socket.connect(*address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

async fn say(socket: &mut Socket, message: Value) -> Result<(), tungstenite::Error> {
    socket.send(Message::text(message.to_string())).await
}

/// The next message of the protocol; nothing where the server closes.
async fn hear(socket: &mut Socket) -> Result<Option<Value>, tungstenite::Error> {
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) => return Ok(Some(serde_json::from_str(&text).unwrap_or(Value::Null))),
            Message::Close(_) => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

async fn expect(socket: &mut Socket, kind: &str) -> Result<(), NotOpened> {
    match hear(socket).await? {
        Some(message) if message["type"] == *kind => Ok(()),
        Some(message) => Err(NotOpened::Message(message.to_string())),
        None => Err(NotOpened::Message("its farewell".to_owned())),
    }
}

/// A server that answers the ping has taken in the subscription before it.
async fn until_pong(socket: &mut Socket) -> Result<Option<First>, NotOpened> {
    let mut first = None;
    loop {
        let message = hear(socket).await?;
        match &message {
            Some(message) if message["type"] == "pong" => return Ok(first),
            _ => first = first.or(Some(First::of(message))),
        }
        if let Some(First::End) = first {
            return Ok(first);
        }
    }
}

impl First {
    fn of(message: Option<Value>) -> Self {
        let Some(mut message) = message else {
            return Self::End;
        };
        let errors = match message["type"].as_str() {
            Some("next") => message["payload"]["errors"].take(),
            Some("error") => message["payload"].take(),
            Some("complete") => return Self::End,
            _ => Value::Null,
        };
        if errors.is_null() {
            Self::Event
        } else {
            Self::Errors(errors)
        }
    }
}

impl Stalled {
    /// Closes it, and says what had come first: errors that the server sent are read now.
    pub(super) async fn close(mut self) -> First {
        if let Some(first) = self.first {
            return first;
        }
        match tokio::time::timeout(LAST_LOOK, hear(&mut self.socket)).await {
            Ok(Ok(message)) => First::of(message),
            Ok(Err(_)) => First::End,
            // It waits for events that did not come.
            Err(_) => First::Event,
        }
    }
}
