//! The service that is hunted: a lab of the hunt's own, or a server that runs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use url::Url;

use super::Error;
use super::admin::Admin;
use super::settings::{Service, Settings};
use crate::{env_vars, load};

/// How long a lab may take to open its doors.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// The lab's log in the hunt's folder.
const LOG: &str = "lab.log";

/// The service and its doors.
#[derive(Debug)]
pub(super) struct Target {
    /// Where the load goes.
    pub(super) url: Url,
    pub(super) admin: Admin,
    lab: Option<OwnLab>,
}

impl Target {
    /// Starts the lab, or sees that the addresses are those of a service that may be put under load.
    pub(super) async fn open(settings: &Settings, folder: &Path) -> Result<Self, Error> {
        match &settings.service {
            Service::OwnLab { sample_interval } => {
                let (lab, public, admin) = OwnLab::start(*sample_interval, folder).await?;
                Ok(Self {
                    url: endpoint(&public, false)?,
                    admin: Admin::new(&address(&admin, false)?, None),
                    lab: Some(lab),
                })
            }
            Service::Running { target, admin, token } => Ok(Self {
                url: endpoint(target, settings.allow_remote)?,
                admin: Admin::new(&address(admin, settings.allow_remote)?, token.clone()),
                lab: None,
            }),
        }
    }

    /// The process id of the lab, where it is the hunt's own.
    pub(super) fn lab(&self) -> Option<u32> {
        self.lab.as_ref().and_then(|lab| lab.child.id())
    }

    /// Where the lab has ended by itself, that is the reason for any other error.
    pub(super) fn explain(&mut self, error: Error) -> Error {
        match &mut self.lab {
            Some(lab) => lab.ended().unwrap_or(error),
            None => error,
        }
    }

    /// Ends the lab, if it is the hunt's own.
    pub(super) async fn close(self) {
        if let Some(mut lab) = self.lab {
            // Not politely: it has nothing to bring into order, its snapshots were fetched and its shop is in memory.
            if let Err(error) = lab.child.kill().await {
                tracing::warn!("the lab could not be ended: {error}");
            }
        }
    }
}

/// A child process that serves the bookshop; killed when dropped.
#[derive(Debug)]
struct OwnLab {
    child: Child,
    log: PathBuf,
    /// Its copies of the snapshots, until they are fetched.
    _snapshots: TempDir,
}

impl OwnLab {
    /// Starts it; gives the addresses of its doors too.
    async fn start(sample_interval: u64, folder: &Path) -> Result<(Self, String, String), Error> {
        let failed = |error: std::io::Error| Error::LabStart {
            reason: error.to_string(),
        };
        let snapshots = tempfile::tempdir().map_err(failed)?;
        let log = folder.join(LOG);
        let stderr = File::create(&log).map_err(Error::file("write", &log))?;
        let mut child = Command::new(std::env::current_exe().map_err(failed)?)
            .args(["serve", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
            .args([
                "--field-labels",
                // Its end of the pipe is closed with this process, however that ends.
                "--until-stdin-ends",
                "--sample-interval",
                &sample_interval.to_string(),
                "--snapshots",
            ])
            .arg(snapshots.path())
            .env_remove(env_vars::ADMIN_TOKEN)
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            // Ctrl-C is for the hunt, which ends the lab when it has what it needs.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| failed(std::io::ErrorKind::BrokenPipe.into()))?;
        let lab = Self {
            child,
            log,
            _snapshots: snapshots,
        };
        let mut lines = BufReader::new(stdout).lines();
        let doors = async {
            Some((
                door(&mut lines, "public ").await?,
                door(&mut lines, "admin ").await?,
            ))
        };
        match tokio::time::timeout(START_TIMEOUT, doors).await {
            Ok(Some((public, admin))) => Ok((lab, public, admin)),
            _ => Err(Error::LabStart {
                reason: lab.last_words(),
            }),
        }
    }

    fn ended(&mut self) -> Option<Error> {
        let status = self.child.try_wait().ok()??;
        Some(Error::LabEnded {
            status,
            log: self.last_words(),
        })
    }

    /// The last line of its log.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let line = log.lines().rfind(|line| !line.trim().is_empty());
        line.unwrap_or("nothing").trim().to_owned()
    }
}

async fn door(lines: &mut Lines<BufReader<ChildStdout>>, name: &str) -> Option<String> {
    let line = lines.next_line().await.ok()??;
    Some(line.strip_prefix(name)?.trim().to_owned())
}

/// An address that the load driver would take too.
fn address(typed: &str, allow_remote: bool) -> Result<Url, load::Error> {
    let settings = load::Settings {
        subject: Some(typed.to_owned()),
        allow_remote,
        ..load::Settings::default()
    };
    Ok(load::Plan::new(&settings)?.url().clone())
}

/// `/graphql` of a base address; an address with a path is the endpoint itself.
fn endpoint(typed: &str, allow_remote: bool) -> Result<Url, load::Error> {
    let mut url = address(typed, allow_remote)?;
    if url.path() == "/" {
        url.set_path("/graphql");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_without_a_path_has_its_endpoint_at_graphql() {
        let endpoint = |typed| {
            endpoint(typed, false)
                .map(String::from)
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            endpoint("http://127.0.0.1:3000"),
            Ok("http://127.0.0.1:3000/graphql".to_owned())
        );
        assert_eq!(
            endpoint("http://127.0.0.1:3000/api/"),
            Ok("http://127.0.0.1:3000/api/".to_owned())
        );
        assert_eq!(
            endpoint("http://192.0.2.7/"),
            Err("`192.0.2.7` is not this machine".to_owned())
        );
        assert!(endpoint("127.0.0.1:3000").is_err());
    }
}
