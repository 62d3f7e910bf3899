//! A lab of its own for each test: the real program as a child process, on free ports.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The program under test.
pub(crate) fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_leaklab"))
}

/// The program under test, with none of the surroundings' settings.
pub(crate) fn leaklab() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LEAKLAB_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command that is an error: nothing on stdout. Gives what it says on stderr.
#[track_caller]
pub(crate) fn error_of(command: &mut Command) -> String {
    let output = command.output().expect("leaklab runs");
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert_eq!((output.status.code(), stdout.as_str()), (Some(2), ""), "{stderr}");
    stderr
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A running lab; ended, by its process id, when dropped.
pub(crate) struct Lab {
    child: Child,
    public: String,
    admin: String,
    folder: TempDir,
}

impl Lab {
    /// Starts `leaklab serve` on free ports, its snapshots in a folder of its own.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::start_with(flags, |_| {})
    }

    /// The same, with a last word on the command, such as its environment.
    pub(crate) fn start_with(flags: &[&str], adjust: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = leaklab();
        command
            .args([
                "serve",
                "--addr",
                "127.0.0.1:0",
                "--admin-addr",
                "127.0.0.1:0",
                "--log",
                "info",
            ])
            .args(flags)
            .env("LEAKLAB_SNAPSHOTS", folder.path().join("snapshots"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.path().join("stderr")).expect("a log file"));
        adjust(&mut command);
        let mut child = command.spawn().expect("leaklab starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut address = |door: &str| {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            line.strip_prefix(door).map(|rest| rest.trim().to_owned())
        };
        let (public, admin) = (address("public "), address("admin "));
        let (Some(public), Some(admin)) = (public, admin) else {
            let status = child.wait();
            let log = std::fs::read_to_string(folder.path().join("stderr")).unwrap_or_default();
            panic!("leaklab did not start ({status:?}):\n{log}");
        };
        Self {
            child,
            public,
            admin,
            folder,
        }
    }

    /// Where the bookshop is, such as `http://127.0.0.1:34567`.
    pub(crate) fn public_url(&self) -> &str {
        &self.public
    }

    /// Where the admin door is.
    pub(crate) fn admin_url(&self) -> &str {
        &self.admin
    }

    /// Where snapshots go.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.folder.path().join("snapshots")
    }

    /// What the lab has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// Waits for a line in the log, for at most half a minute.
    pub(crate) fn wait_for_log(&self, text: &str) {
        wait_until(&format!("`{text}` in the log"), || self.log().contains(text));
    }

    /// Asks the bookshop.
    pub(crate) fn ask(&self, query: &str) -> Value {
        post(&self.public, &json!({ "query": query })).1
    }

    /// Asks the admin door; errors end the test.
    pub(crate) fn admin(&self, query: &str) -> Value {
        let answer = self.try_admin(query);
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].clone()
    }

    /// Asks the admin door, errors and all.
    pub(crate) fn try_admin(&self, query: &str) -> Value {
        post(&self.admin, &json!({ "query": query })).1
    }

    /// Live heap after a purge, in bytes.
    pub(crate) fn live(&self) -> u64 {
        self.admin("mutation { memoryInfo { live } }")["memoryInfo"]["live"]
            .as_u64()
            .expect("bytes")
    }

    /// Takes a snapshot; gives its file.
    pub(crate) fn take_snapshot(&self) -> PathBuf {
        let data = self.admin("mutation { takeSnapshot { id } }");
        let id = data["takeSnapshot"]["id"].as_str().expect("an id");
        self.snapshots().join(format!("{id}.pb.gz"))
    }

    /// Calls a problem so many times, over a few connections at once.
    pub(crate) fn call_problem(&self, id: &str, times: usize) {
        let output = leaklab()
            .args([
                "load",
                id,
                "--json",
                "-c",
                "8",
                "-p",
                "4",
                "-a",
                &times.to_string(),
            ])
            .env("LEAKLAB_TARGET", &self.public)
            .output()
            .expect("leaklab load runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for the end, for at most half a minute.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        wait_until("the end of leaklab", || {
            ended = self.child.try_wait().expect("the child can be waited for");
            ended.is_some()
        });
        ended.expect("it ended")
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the lab's log:\n{}", self.log());
        }
    }
}

/// POSTs a GraphQL request to a door; gives the status and the JSON that came back.
pub(crate) fn post(base: &str, body: &Value) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut response = agent
        .post(format!("{base}/graphql"))
        .send_json(body)
        .expect("an answer");
    let status = response.status().as_u16();
    (status, response.body_mut().read_json().expect("JSON"))
}

/// GETs an address; gives the status and the body.
pub(crate) fn get(url: &str) -> (u16, Vec<u8>) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut response = agent.get(url).call().expect("an answer");
    let mut body = Vec::new();
    response
        .body_mut()
        .as_reader()
        .read_to_end(&mut body)
        .expect("a body");
    (response.status().as_u16(), body)
}

/// Sends a signal by its name, such as `TERM`.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Whether there is such a process, and it has not ended.
pub(crate) fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    // One that has ended stays a zombie until its parent has looked.
    state.is_some_and(|state| !state.trim_start().starts_with(['Z', 'X']))
}

/// Looks until it holds; ends the test when half a minute has passed.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "waited in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
