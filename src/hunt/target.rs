//! The service that is hunted: a lab of the hunt's own, or a server that runs.

use std::path::Path;

use url::Url;

use super::Error;
use super::admin::Admin;
use super::settings::{Service, Settings};
use crate::load;
use crate::own_lab::{Doors, OwnLab};

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
                let (lab, doors) = start_lab(*sample_interval, folder).await?;
                Ok(Self {
                    url: endpoint(&doors.public, false)?,
                    admin: Admin::new(&address(&doors.admin, false)?, None),
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
        self.lab.as_ref().and_then(OwnLab::id)
    }

    /// Where the lab has ended by itself, that is the reason for any other error.
    pub(super) fn explain(&mut self, error: Error) -> Error {
        match &mut self.lab {
            Some(lab) => match lab.ended() {
                Some(status) => Error::LabEnded {
                    status,
                    log: lab.last_words(),
                },
                None => error,
            },
            None => error,
        }
    }

    /// Ends the lab, if it is the hunt's own.
    pub(super) async fn close(self) {
        if let Some(lab) = self.lab {
            lab.end().await;
        }
    }
}

async fn start_lab(sample_interval: u64, folder: &Path) -> Result<(OwnLab, Doors), Error> {
    let failed = |reason| Error::LabStart { reason };
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    OwnLab::start(&program, sample_interval, &folder.join(LOG))
        .await
        .map_err(|error| failed(error.to_string()))
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
