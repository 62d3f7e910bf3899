//! Who holds what leaks: asked once, when it is decided that something does.
//!
//! The service is idle by then. What cannot be had is a note in the report: the verdict stands without it.

use std::time::Duration;

use heap_profile::holders::Holders;
use heap_profile::hunt::{JudgedSite, Report, Verdict};
use heap_profile::{names, render};
use tokio::time::sleep;

use super::Hunt;
use crate::hunt::{Error, with_causes};
use crate::load::table::one_line;

/// From one look at how far a scan is to the next.
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl Hunt<'_> {
    /// Puts into the first leaking sites who holds their objects.
    pub(super) async fn ask_holders(&mut self, report: &mut Report) {
        let sites = worth_asking(report, self.settings.holders);
        if sites.is_empty() {
            return;
        }
        self.begin("while it asked who holds what leaks");
        if !self.finds_holders {
            self.note(
                "who holds what leaks cannot be asked: the service has no `findHolders`; hint: build it with a newer \
                 heap-admin"
                    .to_owned(),
            );
            return;
        }
        for at in sites {
            let asked = self.holders_of(&report.sites[at], at, report.born_before).await;
            let site = &mut report.sites[at];
            match asked {
                Ok(holders) => {
                    self.progress.say(&told(site, &holders));
                    site.holders = Some(holders);
                }
                Err(error) => {
                    let is_gone = matches!(error, Error::Unreachable { .. });
                    self.note(unknown(site, &error));
                    if is_gone {
                        return;
                    }
                }
            }
        }
    }

    async fn holders_of(
        &mut self,
        site: &JudgedSite,
        at: usize,
        born_before: Option<u32>,
    ) -> Result<Holders, Error> {
        let graph = {
            let asked = self.target.admin.find_holders(&site.stacks, born_before);
            let mut asked = std::pin::pin!(asked);
            loop {
                tokio::select! {
                    biased;
                    graph = &mut asked => break graph?,
                    () = sleep(LOOK_EVERY), if self.progress.is_watched() => self.show_scan().await,
                }
            }
        };
        self.progress.begin("naming who holds it");
        self.evidence.holders(at + 1, &graph)
    }

    /// What is asked meanwhile matters to nobody but the onlooker.
    async fn show_scan(&self) {
        if let Ok(Some(scan)) = self.target.admin.scan_progress().await {
            self.progress.begin(&format!(
                "asking who holds it: pass {}, {} of {}",
                scan.pass,
                render::bytes(scan.read as i64),
                render::bytes(scan.resident as i64)
            ));
        }
    }
}

/// The first leaks that nobody knows of, and whose stacks are there to be asked about: so many at most.
fn worth_asking(report: &Report, most: usize) -> Vec<usize> {
    let is_worth =
        |site: &JudgedSite| site.verdict == Verdict::Leak && !site.known && !site.stacks.is_empty();
    let sites = report.sites.iter().enumerate();
    let sites = sites.filter(|(_, site)| is_worth(site)).take(most);
    sites.map(|(at, _)| at).collect()
}

/// The path that holds most, in a line: as the report has it.
fn told(site: &JudgedSite, holders: &Holders) -> String {
    let text = render::holders::text(holders);
    let first = text.lines().next().unwrap_or_default();
    format!("{}: {first}", names::short(&site.function))
}

fn unknown(site: &JudgedSite, error: &Error) -> String {
    let function = names::short(&site.function);
    let hint = error.hint().map(|hint| format!("; hint: {hint}"));
    one_line(&format!(
        "who holds what {function} leaks is not known: {}{}",
        with_causes(error),
        hint.unwrap_or_default()
    ))
}
