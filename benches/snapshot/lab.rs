//! A lab as a process of its own, and what it is asked.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const LEAKLAB: &str = env!("CARGO_BIN_EXE_leaklab");
/// The request that is sent: it keeps nothing.
pub(crate) const BODY: &str = r#"{"query":"query Book { book(id: 7) { title genre } }"}"#;

pub(crate) struct Lab {
    child: Child,
    public: String,
    admin: String,
    _folder: TempDir,
}

impl Lab {
    pub(crate) fn start(conf: &str) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(LEAKLAB)
            .args([
                "serve",
                "--addr",
                "127.0.0.1:0",
                "--admin-addr",
                "127.0.0.1:0",
                "--log",
                "error",
            ])
            .args(["--memory-limit", "8GiB", "--snapshot-count", "3", "--snapshots"])
            .arg(folder.path())
            .env("_RJEM_MALLOC_CONF", conf)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no pipe")?).lines();
        let mut address = |door: &str| -> Result<String, Box<dyn Error>> {
            let line = lines.next().ok_or("leaklab did not start")??;
            Ok(line.strip_prefix(door).ok_or("no address")?.trim().to_owned())
        };
        let (public, admin) = (address("public")?, address("admin")?);
        Ok(Self {
            child,
            public,
            admin,
            _folder: folder,
        })
    }

    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    pub(crate) fn load(&self, args: &[&str]) -> Result<Value, Box<dyn Error>> {
        let output = Command::new(LEAKLAB)
            .arg("load")
            .args(args)
            .arg("--json")
            .env("LEAKLAB_TARGET", &self.public)
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Requests a second with all that a few connections can send.
    pub(crate) fn peak(&self, seconds: u32) -> Result<f64, Box<dyn Error>> {
        let url = format!("{}/graphql", self.public);
        let report = self.load(&[
            &url,
            "-m",
            "POST",
            "-H",
            "content-type=application/json",
            "-b",
            BODY,
            "-c",
            "16",
            "-d",
            &seconds.to_string(),
        ])?;
        let total = report["requests"]["total"].as_f64().ok_or("no total")?;
        Ok(total / report["duration"].as_f64().ok_or("no duration")?)
    }

    pub(crate) fn live(&self) -> Result<u64, Box<dyn Error>> {
        let data = self.admin("mutation { memoryInfo { live } }")?;
        data["memoryInfo"]["live"]
            .as_u64()
            .ok_or_else(|| "no figure".into())
    }

    pub(crate) fn samples(&self) -> Result<u64, Box<dyn Error>> {
        let data = self.admin("{ profiler { liveSamples } }")?;
        data["profiler"]["liveSamples"]
            .as_u64()
            .ok_or_else(|| "no figure".into())
    }

    pub(crate) fn take_snapshot(&self) -> Result<(), Box<dyn Error>> {
        self.admin("mutation { takeSnapshot { id } }").map(drop)
    }

    fn admin(&self, query: &str) -> Result<Value, Box<dyn Error>> {
        let mut response =
            ureq::post(format!("{}/graphql", self.admin)).send_json(json!({ "query": query }))?;
        let answer: Value = response.body_mut().read_json()?;
        match answer.get("errors") {
            Some(errors) => Err(errors.to_string().into()),
            None => Ok(answer["data"].clone()),
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
