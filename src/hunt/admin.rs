//! What a hunt asks of the admin door: GraphQL by POST, and the snapshots' files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use heap_profile::MAX_DECODED_BYTES;
use serde_json::{Value, json};
use ureq::Agent;
use url::Url;

use super::Error;

/// A service that is under memory pressure may take its time for a snapshot.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// What is read of an answer, in bytes: who holds memory takes some room to tell.
const MOST_READ: u64 = 64 << 20;
/// How much of an answer that is no JSON is shown.
const SHOWN_CHARS: usize = 80;

/// The admin door of a service. Clones are the same door.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// What there is behind the door.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abilities {
    /// The mean number of bytes between samples.
    pub(super) sample_interval: u64,
    /// The live heap that the service does not stand, in bytes: its memory guard's, or half of the memory there is.
    pub(super) memory_limit: u64,
    /// Whether a control can be planted.
    pub(super) control: bool,
    /// Whether it can be asked who holds memory.
    pub(super) holders: bool,
}

/// How far the service's reference scan is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan {
    /// How often memory has been gone through, this time included.
    pub(super) pass: u64,
    /// What was read of it this time, in bytes.
    pub(super) read: u64,
    /// What is resident, in bytes.
    pub(super) resident: u64,
}

/// A snapshot that the service has taken.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) id: String,
    /// Live heap at that moment, in bytes.
    pub(super) live: u64,
}

const ABILITIES: &str = "{
  profiler { active recording sampleInterval message hint }
  memoryInfo { cgroupLimit machineTotal }
  queries: __type(name: \"Query\") { fields { name } }
  mutations: __type(name: \"Mutation\") { fields { name } }
}";

/// The door's address may be given as its page has it, with /graphql.
fn base_of(address: &str) -> &str {
    let address = address.trim_end_matches('/');
    address.strip_suffix("/graphql").unwrap_or(address)
}

impl Admin {
    /// The door at that address, which was checked.
    pub(crate) fn new(base: &Url, token: Option<String>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // The token goes to the service, and to nobody in between.
            .proxy(None)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(TIMEOUT));
        Self {
            agent: config.build().into(),
            base: base_of(base.as_str()).to_owned(),
            token,
        }
    }

    /// Sees who is there, and what can be asked.
    pub(super) async fn abilities(&self) -> Result<Abilities, Error> {
        let data = match self.ask("say what it can do", ABILITIES, Value::Null).await {
            Err(Error::Refused {
                message, hint: None, ..
            }) if !message.contains("token") => {
                return Err(self.no_door(message));
            }
            answer => answer?,
        };
        let profiler = &data["profiler"];
        if profiler["recording"] != true || profiler["active"] != true {
            let text = |key: &str| profiler[key].as_str().map(str::to_owned);
            return Err(Error::NotRecording {
                message: text("message").unwrap_or_default(),
                hint: text("hint"),
            });
        }
        let has = |kind: &str, name: &str| {
            let fields = data[kind]["fields"].as_array();
            fields.is_some_and(|fields| fields.iter().any(|field| field["name"] == name))
        };
        let memory_limit = if has("queries", "memoryLimit") {
            let data = self
                .ask("tell its memory limit", "{ memoryLimit }", Value::Null)
                .await?;
            data["memoryLimit"].as_u64()
        } else {
            None
        };
        let memory = &data["memoryInfo"];
        let total = memory["machineTotal"].as_u64().unwrap_or(u64::MAX);
        let total = total.min(memory["cgroupLimit"].as_u64().unwrap_or(u64::MAX));
        Ok(Abilities {
            sample_interval: profiler["sampleInterval"].as_u64().unwrap_or_default(),
            memory_limit: memory_limit.unwrap_or(total / 2),
            control: has("mutations", "setControl"),
            holders: has("mutations", "findHolders"),
        })
    }

    /// Live heap after a purge, in bytes.
    pub(super) async fn live(&self) -> Result<u64, Error> {
        let query = "mutation { memoryInfo { live } }";
        let data = self.ask("read its memory", query, Value::Null).await?;
        Ok(data["memoryInfo"]["live"].as_u64().unwrap_or_default())
    }

    /// Has the service leak so many bytes with each request; gives what it really does.
    pub(super) async fn set_control(&self, bytes: u64) -> Result<u64, Error> {
        let query = format!("mutation {{ setControl(bytesPerRequest: {bytes}) {{ bytesPerRequest }} }}");
        let data = self.ask("plant a control", &query, Value::Null).await?;
        Ok(data["setControl"]["bytesPerRequest"].as_u64().unwrap_or(bytes))
    }

    /// What was planted so far, and the list of it, in bytes.
    pub(super) async fn planted(&self) -> Result<u64, Error> {
        let query = "{ control { planted plantedBytes } }";
        let data = self.ask("tell what is planted", query, Value::Null).await?;
        let figure = |name: &str| data["control"][name].as_u64().unwrap_or_default();
        Ok(figure("plantedBytes") + figure("planted") * heap_admin::LISTED as u64)
    }

    /// Takes a snapshot.
    pub(super) async fn take_snapshot(&self, name: &str) -> Result<Taken, Error> {
        let query = "mutation($name: String!) { takeSnapshot(name: $name) { id memory { live } } }";
        let data = self
            .ask("take a snapshot", query, json!({ "name": name }))
            .await?;
        let taken = &data["takeSnapshot"];
        match taken["id"].as_str() {
            Some(id) => Ok(Taken {
                id: id.to_owned(),
                live: taken["memory"]["live"].as_u64().unwrap_or_default(),
            }),
            None => Err(self.no_door("a snapshot without an id")),
        }
    }

    /// Has the service look for who holds what these stacks have allocated; gives what it found as JSON, without names.
    pub(super) async fn find_holders(
        &self,
        stacks: &[u32],
        born_before: Option<u32>,
    ) -> Result<String, Error> {
        let query = "mutation($stacks: [ID!]!, $bornBefore: Int) {
            findHolders(stacks: $stacks, bornBefore: $bornBefore) { graph }
        }";
        let stacks: Vec<String> = stacks.iter().map(u32::to_string).collect();
        let variables = json!({ "stacks": stacks, "bornBefore": born_before });
        let mut data = self.ask("say who holds it", query, variables).await?;
        match data["findHolders"]["graph"].take() {
            Value::String(graph) => Ok(graph),
            _ => Err(self.no_door("holders without a graph")),
        }
    }

    /// How far the scan is that is under way.
    pub(super) async fn scan_progress(&self) -> Result<Option<Scan>, Error> {
        let query = "{ holderScan { pass readBytes residentBytes } }";
        let data = self.ask("say how far it is", query, Value::Null).await?;
        let figure = |name: &str| data["holderScan"][name].as_u64();
        Ok(figure("pass").map(|pass| Scan {
            pass,
            read: figure("readBytes").unwrap_or_default(),
            resident: figure("residentBytes").unwrap_or_default(),
        }))
    }

    /// Deletes the service's own copy.
    pub(super) async fn delete_snapshot(&self, id: &str) -> Result<(), Error> {
        let query = "mutation($id: ID!) { deleteSnapshot(id: $id) }";
        self.ask("delete a snapshot", query, json!({ "id": id })).await?;
        Ok(())
    }

    /// Fetches a snapshot's file.
    pub(super) async fn download(&self, id: &str, path: PathBuf) -> Result<(), Error> {
        let url = format!("{}/snapshots/{id}", self.base);
        self.blocking(move |door| door.fetch(&url, &path)).await
    }

    fn fetch(&self, url: &str, path: &Path) -> Result<(), Error> {
        let mut request = self.agent.get(url);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut answer = request.call().map_err(|error| self.unreachable(error))?;
        if answer.status() != 200 {
            return Err(Error::Refused {
                action: "hand out a snapshot",
                message: format!("status {}", answer.status()),
                hint: None,
            });
        }
        // Under its name there are only whole files.
        let partial = path.with_extension("partial");
        // One more than the library takes, so that it is the library that refuses.
        let mut body = answer.body_mut().as_reader().take(MAX_DECODED_BYTES as u64 + 1);
        let written = File::create(&partial)
            .and_then(|mut file| io::copy(&mut body, &mut file))
            .and_then(|_| std::fs::rename(&partial, path));
        written.map_err(Error::file("write", path))
    }

    /// The `data` of an answer. `action` says what is asked for, for the case that the answer is no.
    pub(crate) async fn ask(
        &self,
        action: &'static str,
        query: &str,
        variables: Value,
    ) -> Result<Value, Error> {
        let body = json!({ "query": query, "variables": variables });
        self.blocking(move |door| door.post(action, &body)).await
    }

    fn post(&self, action: &'static str, body: &Value) -> Result<Value, Error> {
        let mut request = self.agent.post(format!("{}/graphql", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut answer = request.send_json(body).map_err(|error| self.unreachable(error))?;
        let status = answer.status();
        let text = answer
            .body_mut()
            .with_config()
            .limit(MOST_READ)
            .lossy_utf8(true)
            .read_to_string()
            .map_err(|error| self.unreachable(error))?;
        let Ok(mut answer) = serde_json::from_str::<Value>(&text) else {
            let shown: String = text.chars().take(SHOWN_CHARS).collect();
            return Err(self.no_door(format!("status {status}, {:?}", shown.trim())));
        };
        if let Some(message) = answer["errors"][0]["message"].as_str() {
            let hint = match answer["errors"][0]["extensions"]["code"].as_str() {
                Some("UNAUTHENTICATED") => Some("--admin-token gives it"),
                _ => answer["errors"][0]["extensions"]["hint"].as_str(),
            };
            return Err(Error::Refused {
                action,
                message: message.to_owned(),
                hint: hint.map(str::to_owned),
            });
        }
        match answer["data"].take() {
            Value::Null => Err(self.no_door(format!("status {status}, no data"))),
            data => Ok(data),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let door = self.clone();
        tokio::task::spawn_blocking(move || work(&door))
            .await
            .map_err(|error| self.unreachable(error))?
    }

    fn unreachable(&self, reason: impl std::fmt::Display) -> Error {
        Error::Unreachable {
            url: self.base.clone(),
            reason: reason.to_string(),
        }
    }

    fn no_door(&self, found: impl Into<String>) -> Error {
        Error::NoAdminDoor {
            url: self.base.clone(),
            found: found.into(),
        }
    }
}
