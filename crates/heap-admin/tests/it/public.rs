//! The shop behind a public door, as a service has it: `Recorded` around its schema.

use crate::shop::{self, Shop};
use async_graphql::Executor;
use futures_util::{SinkExt as _, StreamExt as _};
use heap_admin::Recorded;
use heap_admin::door::{self, Door, Hosts};
use heap_recorder::Label;
use serde_json::{Value, json};
use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
    sync::{Arc, Barrier, mpsc},
};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

const WORKERS: usize = 2;

/// A public door that ends with the value.
pub(crate) struct Public {
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
    /// Told of each request that never ends.
    pub(crate) begins: mpsc::Receiver<()>,
}

pub(crate) fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(WORKERS).enable_all();
    builder.build().expect("a runtime")
}

/// Serves what is made of the shop.
pub(crate) fn serve<E: Executor>(make: impl FnOnce(Shop) -> E) -> Public {
    let (began, begins) = mpsc::channel();
    let runtime = runtime();
    let shop = shop::builder(began).finish();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let door = Door::new("shop", Hosts::Own(address));
    let routes = door::guard(door::graphql_routes(make(shop), &door), &door);
    runtime.spawn(async move { axum::serve(listener, routes).await });
    Public {
        address,
        runtime,
        begins,
    }
}

pub(crate) fn start() -> Public {
    serve(Recorded::new)
}

impl Public {
    pub(crate) fn post(&self, body: Value) -> Value {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let answer = agent
            .post(format!("http://{}/graphql", self.address))
            .send_json(body);
        let mut answer = answer.expect("the server answers");
        answer.body_mut().read_json().expect("JSON")
    }

    /// The data that a document is answered with.
    pub(crate) fn ask(&self, document: &str) -> Value {
        let answer = self.post(json!({ "query": document }));
        assert_eq!(answer.get("errors"), None, "{answer}");
        answer["data"].clone()
    }

    /// Sends a request whose answer nobody waits for.
    pub(crate) fn send(&self, document: &str) -> TcpStream {
        let body = json!({ "query": document }).to_string();
        let (address, length) = (self.address, body.len());
        let mut client = TcpStream::connect(address).expect("a connection");
        let head = format!("POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n");
        write!(client, "{head}Content-Length: {length}\r\n\r\n{body}").expect("it goes out");
        client
    }

    pub(crate) fn socket(&self) -> Socket<'_> {
        let socket = self.runtime.block_on(connect(self.address));
        Socket {
            runtime: &self.runtime,
            socket,
        }
    }

    /// The label on each worker thread, seen while all of them are busy seeing.
    pub(crate) fn labels_on_workers(&self) -> Vec<Label> {
        let all = Arc::new(Barrier::new(WORKERS));
        let looks = (0..WORKERS).map(|_| {
            let all = Arc::clone(&all);
            self.runtime.spawn(async move {
                all.wait();
                Label::current()
            })
        });
        let looks: Vec<_> = looks.collect();
        let seen = looks
            .into_iter()
            .map(|look| self.runtime.block_on(look).expect("no panic"));
        seen.collect()
    }
}

/// A client of graphql-transport-ws that has been greeted.
pub(crate) struct Socket<'a> {
    runtime: &'a Runtime,
    socket: WebSocketStream<tokio::net::TcpStream>,
}

async fn connect(address: SocketAddr) -> WebSocketStream<tokio::net::TcpStream> {
    let request = format!("ws://{address}/graphql/ws").into_client_request();
    let mut request = request.expect("an address");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("a connection");
    let (mut socket, _) = client_async(request, stream).await.expect("an upgrade");
    let greeting = json!({ "type": "connection_init" }).to_string();
    socket.send(Message::text(greeting)).await.expect("it goes out");
    let answer = socket.next().await.expect("an answer").expect("a message");
    assert!(answer.to_string().contains("connection_ack"), "{answer}");
    socket
}

impl Socket<'_> {
    pub(crate) fn say(&mut self, message: Value) {
        let message = Message::text(message.to_string());
        let sent = self.runtime.block_on(self.socket.send(message));
        sent.expect("it goes out");
    }

    pub(crate) fn subscribe(&mut self, document: &str) {
        self.say(json!({ "type": "subscribe", "id": "1", "payload": { "query": document } }));
    }

    /// The next message of the protocol.
    pub(crate) fn hear(&mut self) -> Value {
        loop {
            let message = self.runtime.block_on(self.socket.next());
            if let Message::Text(text) = message.expect("a message").expect("no error") {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }

    /// The answers to a document, to the last.
    pub(crate) fn answers(&mut self, document: &str) -> Vec<Value> {
        self.subscribe(document);
        let mut answers = Vec::new();
        loop {
            let message = self.hear();
            match message["type"].as_str() {
                Some("next") => answers.push(message["payload"].clone()),
                Some("complete") => return answers,
                _ => panic!("{message}"),
            }
        }
    }
}
