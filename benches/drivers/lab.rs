//! The lab under load: the program as a child process, on free ports.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// What `hello` keeps in one turn must not meet the guard: it has a turn's requests in all.
const MEMORY_LIMIT: &str = "8GiB";

/// A running lab; ended, by its process id, when dropped.
pub(crate) struct Lab {
    child: Child,
    /// Base address of the public door.
    pub(crate) public: String,
    admin: String,
}

impl Lab {
    /// Starts `leaklab serve`, its snapshots in a folder that nobody else uses.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_leaklab"))
            .args([
                "serve",
                "--addr",
                "127.0.0.1:0",
                "--admin-addr",
                "127.0.0.1:0",
                "--log",
                "error",
            ])
            .args(["--memory-limit", MEMORY_LIMIT, "--snapshots"])
            .arg(concat!(env!("CARGO_TARGET_TMPDIR"), "/bench-snapshots"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no stdout")?).lines();
        let mut lab = Self {
            child,
            public: String::new(),
            admin: String::new(),
        };
        for (door, address) in [("public ", &mut lab.public), ("admin ", &mut lab.admin)] {
            let line = lines.next().ok_or("the lab did not start")??;
            *address = line
                .strip_prefix(door)
                .ok_or_else(|| format!("expected `{door}`, not `{line}`"))?
                .to_owned();
        }
        Ok(lab)
    }

    /// Drops what the problem holds, so that each turn begins alike.
    pub(crate) fn reset_hello(&self) -> Result<(), Box<dyn Error>> {
        let mutation = r#"mutation { resetProblem(id: "00hello") { __typename } }"#;
        let mut answer = ureq::post(format!("{}/graphql", self.admin))
            .send_json(serde_json::json!({ "query": mutation }))?;
        let answer: serde_json::Value = answer.body_mut().read_json()?;
        match answer.get("errors") {
            Some(errors) => Err(format!("the problem could not be reset: {errors}").into()),
            None => Ok(()),
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
