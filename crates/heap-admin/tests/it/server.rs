//! An admin door on a port of its own, and what speaks to it.

use async_graphql::Schema;
use heap_admin::door::{Door, Hosts};
use heap_admin::{HeapAdmin, HeapAdminBuilder, HeapMutation, HeapQuery, HeapSubscription, Limits};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};

pub(crate) type HeapSchema = Schema<HeapQuery, HeapMutation, HeapSubscription>;

/// A door that ends with the value, and its folder with it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) admin: HeapAdmin,
    pub(crate) runtime: Runtime,
    pub(crate) folder: TempDir,
}

pub(crate) fn schema(admin: &HeapAdmin) -> HeapSchema {
    Schema::build(HeapQuery, HeapMutation, HeapSubscription)
        .data(admin.clone())
        .finish()
}

pub(crate) fn start() -> Server {
    start_with(|builder, folder| builder.snapshots(folder.path(), Limits::default()))
}

pub(crate) fn start_with(build: impl FnOnce(HeapAdminBuilder, &TempDir) -> HeapAdminBuilder) -> Server {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let admin = build(HeapAdmin::builder(), &folder)
        .build()
        .expect("sensible limits");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let router = heap_admin::router(
        schema(&admin),
        admin.clone(),
        Door::new("test", Hosts::Own(address)),
    );
    runtime.spawn(async move { axum::serve(listener, router).await });
    Server {
        address,
        admin,
        runtime,
        folder,
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("an answer in JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a header in ASCII"))
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into()
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let (parts, mut body) = response.expect("the server answers").into_parts();
    let body = body.read_to_vec().expect("a whole body");
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    }
}

impl Server {
    pub(crate) fn get(&self, path: &str) -> Answer {
        answer(agent().get(format!("http://{}{path}", self.address)).call())
    }

    pub(crate) fn head(&self, path: &str) -> Answer {
        answer(agent().head(format!("http://{}{path}", self.address)).call())
    }

    /// The answer to a GraphQL document, errors included.
    pub(crate) fn ask(&self, document: &str) -> Value {
        let url = format!("http://{}/graphql", self.address);
        answer(agent().post(url).send_json(json!({ "query": document }))).json()
    }

    /// Takes a snapshot and returns its fields.
    pub(crate) fn take(&self, arguments: &str) -> Value {
        let fields = "id name reason takenAt bytes url memory { live }";
        let answer = self.ask(&format!("mutation {{ takeSnapshot{arguments} {{ {fields} }} }}"));
        assert_eq!(answer.get("errors"), None, "{answer}");
        answer["data"]["takeSnapshot"].clone()
    }

    /// The snapshot files in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = self.folder.path().read_dir().expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        let mut files: Vec<_> = names.filter(|name| name.ends_with(".pb.gz")).collect();
        files.sort();
        files
    }
}
