//! The drivers that are compared: how each is called, and where its rate is read.

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

/// Where npm puts autocannon, on first use.
const AUTOCANNON: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../autocannon");
const AUTOCANNON_VERSION: &str = "8.0.0";
/// wrk's own script: a batch of so many requests at a time. Without, wrk does not pipeline.
const WRK_SCRIPT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/wrk.lua");

/// What is requested.
#[derive(Clone)]
pub(crate) struct Endpoint {
    url: String,
    /// A JSON body to POST.
    body: Option<&'static str>,
}

impl Endpoint {
    pub(crate) fn get(url: String) -> Self {
        Self { url, body: None }
    }

    pub(crate) fn post(url: String, body: &'static str) -> Self {
        Self {
            url,
            body: Some(body),
        }
    }
}

/// A driver.
pub(crate) enum Tool {
    Leaklab,
    Wrk,
    Autocannon(PathBuf),
}

impl Tool {
    /// leaklab first, then what is there of the others.
    pub(crate) fn available() -> Vec<Self> {
        let mut tools = vec![Self::Leaklab];
        match Command::new("wrk").arg("--version").output() {
            Ok(_) => tools.push(Self::Wrk),
            Err(_) => println!("skipped: wrk is not there (Debian: apt-get install wrk)"),
        }
        match autocannon() {
            Ok(path) => tools.push(Self::Autocannon(path)),
            Err(error) => println!("skipped: autocannon is not there ({error})"),
        }
        tools
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Leaklab => "leaklab",
            Self::Wrk => "wrk",
            Self::Autocannon(_) => "autocannon",
        }
    }

    /// One turn; gives the answered requests per second.
    pub(crate) fn run(
        &self,
        endpoint: &Endpoint,
        connections: usize,
        pipelining: usize,
        seconds: u64,
    ) -> Result<f64, Box<dyn Error>> {
        let [connections, depth, seconds] =
            [connections, pipelining, seconds as usize].map(|n| n.to_string());
        let mut command = match self {
            Self::Leaklab => Command::new(env!("CARGO_BIN_EXE_leaklab")),
            Self::Wrk => Command::new("wrk"),
            Self::Autocannon(path) => Command::new(path),
        };
        if let Self::Wrk = self {
            std::fs::write(WRK_SCRIPT, wrk_script(endpoint, pipelining))?;
            let threads = std::thread::available_parallelism()?.to_string();
            command.args([
                "-t",
                &threads,
                "-c",
                &connections,
                "-d",
                &format!("{seconds}s"),
                "-s",
                WRK_SCRIPT,
            ]);
        } else {
            if let Self::Leaklab = self {
                command.arg("load");
            }
            command.args(["-c", &connections, "-p", &depth, "-d", &seconds, "--json"]);
            if let Some(body) = endpoint.body {
                command.args(["-m", "POST", "-H", "content-type=application/json", "-b", body]);
            }
        }
        let output = command.arg(&endpoint.url).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        self.rate(&text).ok_or_else(|| {
            let stderr = String::from_utf8_lossy(&output.stderr);
            format!("{}: {}: {stderr}{text}", self.name(), output.status).into()
        })
    }

    /// The rate, out of what the driver printed; `None` where not all was answered well.
    fn rate(&self, printed: &str) -> Option<f64> {
        if let Self::Wrk = self {
            let line = |name: &str| printed.lines().find_map(|line| line.trim().strip_prefix(name));
            return match line("Non-2xx or 3xx responses:") {
                Some(_) => None,
                None => line("Requests/sec:")?.trim().parse().ok(),
            };
        }
        let report: serde_json::Value = serde_json::from_str(printed).ok()?;
        let well = report["2xx"].as_f64()? > 0.0 && report["non2xx"].as_f64()? == 0.0;
        well.then_some(report["requests"]["total"].as_f64()? / report["duration"].as_f64()?)
    }
}

fn wrk_script(endpoint: &Endpoint, pipelining: usize) -> String {
    let body = endpoint.body.map_or(String::new(), |body| {
        format!(
            "wrk.method = 'POST'\nwrk.body = [[{body}]]\nwrk.headers['content-type'] = 'application/json'\n"
        )
    });
    format!(
        "{body}local batch\n\
         init = function() batch = string.rep(wrk.format(), {pipelining}) end\n\
         request = function() return batch end\n"
    )
}

/// Where autocannon is; installed on first use.
fn autocannon() -> Result<PathBuf, Box<dyn Error>> {
    let program = PathBuf::from(AUTOCANNON).join("node_modules/.bin/autocannon");
    if !program.exists() {
        std::fs::create_dir_all(AUTOCANNON)?;
        let package = format!("autocannon@{AUTOCANNON_VERSION}");
        let npm = Command::new("npm")
            .args([
                "install",
                "--no-audit",
                "--no-fund",
                "--no-save",
                "--prefix",
                AUTOCANNON,
                &package,
            ])
            .output()?;
        if !npm.status.success() {
            return Err(String::from_utf8_lossy(&npm.stderr).trim().to_owned().into());
        }
    }
    Ok(program)
}
