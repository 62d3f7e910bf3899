//! The course of a hunt: warm up, rungs, settle, stand idle, judge; and again with more load, until it is decided.

mod holders;
mod notes;
mod room;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use heap_admin::MOST_PLANTED;
use heap_profile::Symbolizer;
use heap_profile::hunt::{LEAST_RUNGS, Outcome, Phase, Report};
use heap_profile::render::bytes;
use tokio::time::sleep;

use super::evidence::Evidence;
use super::folder::Folder;
use super::interrupt::Interrupts;
use super::plan::{self, Ceiling};
use super::target::Target;
use super::traffic::{Stretch, Traffic};
use super::{Error, Progress, Settings, Stopped};

/// A hunt that came to its end.
#[derive(Debug)]
pub struct Hunted {
    /// What was found.
    pub report: Report,
    /// The same as a page.
    pub html: String,
    /// Where the evidence is.
    pub folder: PathBuf,
    /// Requests of the load that were answered with an error, or not at all; the notes of the report tell more.
    pub failed: u64,
}

/// Hunts. When it ends, in whatever way, a lab of its own is gone, and no control is left in the service.
///
/// # Errors
/// Where the service cannot be hunted, goes away, or the user ends it.
pub async fn run(
    settings: &Settings,
    symbolizer: Symbolizer,
    progress: &Progress,
) -> Result<Hunted, Box<Stopped>> {
    let ended = hunt(settings, symbolizer, progress).await;
    progress.finish();
    ended
}

async fn hunt(
    settings: &Settings,
    symbolizer: Symbolizer,
    progress: &Progress,
) -> Result<Hunted, Box<Stopped>> {
    let at_start = |error| Box::new(Stopped::before_it_began(error));
    let mut interrupts = Interrupts::listen().map_err(at_start)?;
    let opened = interrupts.or(Hunt::open(settings, symbolizer, progress)).await;
    let mut hunt = opened.map_err(|error| {
        // Nothing is in it, unless a lab has said something.
        let _ = std::fs::remove_dir(&settings.folder);
        at_start(error)
    })?;
    let climbed = interrupts.or(hunt.climb()).await;
    let ended = climbed.and_then(|report| hunt.evidence.conclude(report, hunt.failed));
    let ended = ended.map_err(|error| Box::new(hunt.stopped(error)));
    hunt.close().await;
    ended
}

struct Hunt<'a> {
    settings: &'a Settings,
    progress: &'a Progress,
    started: Instant,
    target: Target,
    traffic: Traffic,
    evidence: Evidence,
    ceiling: Ceiling,
    /// Whether the service can be asked who holds memory.
    finds_holders: bool,
    /// Bytes that the service leaks with each request because it was told to.
    control: Option<u64>,
    /// The room that there is for that in all.
    control_room: Ceiling,
    /// Load in all rungs together.
    load: Stretch,
    /// Requests of all the load that were not answered as they should be.
    failed: u64,
    look: u32,
    /// What is being done.
    doing: String,
    notes: Vec<String>,
}

impl<'a> Hunt<'a> {
    async fn open(
        settings: &'a Settings,
        symbolizer: Symbolizer,
        progress: &'a Progress,
    ) -> Result<Self, Error> {
        progress.begin("opening the doors");
        let mut folder = Folder::create(settings)?;
        let target = Target::open(settings, folder.path()).await?;
        let traffic = Traffic::new(&target.url, settings)?;
        let abilities = target.admin.abilities().await?;
        if settings.control.is_some() && !abilities.control {
            return Err(Error::NoControl);
        }
        folder.begin(target.url.as_str())?;
        progress.say(&format!(
            "hunting {} at {}{}, a sample every {}, evidence in {}",
            settings.subject,
            target.url,
            target
                .lab()
                .map_or_else(String::new, |pid| format!(" (a lab of its own, process {pid})")),
            bytes(abilities.sample_interval as i64),
            folder.path().display()
        ));
        Ok(Self {
            settings,
            progress,
            started: Instant::now(),
            traffic,
            evidence: Evidence::new(folder, symbolizer),
            ceiling: Ceiling::new(abilities.memory_limit),
            target,
            finds_holders: abilities.holders,
            control: None,
            control_room: Ceiling::new(2 * MOST_PLANTED as u64),
            load: Stretch::default(),
            failed: 0,
            look: 1,
            doing: String::new(),
            notes: Vec::new(),
        })
    }

    async fn climb(&mut self) -> Result<Report, Error> {
        self.plant_control().await?;
        self.warm_up().await?;
        let mut rungs = plan::FIRST_RUNGS;
        let mut rung = plan::first_rung(self.settings.rung, self.settings.budget);
        loop {
            let all_fit = self.rungs(rungs, rung).await?;
            self.rest().await?;
            self.progress.begin("judging");
            let mut report = self.evidence.judge(self.settings, self.look, self.control)?;
            let left = self.settings.budget.saturating_sub(self.started.elapsed());
            let next = match Outcome::of(&report) {
                Outcome::Inconclusive if all_fit => {
                    plan::later_rung(self.load.time, units(&report), report.units_needed, left)
                }
                Outcome::NoLeak if all_fit && !plan::sees_enough(&report) => {
                    plan::later_rung(self.load.time, units(&report), None, left)
                }
                _ => None,
            };
            let Some(next) = next else {
                self.note_traffic(&report);
                self.ask_holders(&mut report).await;
                report.notes.append(&mut self.notes);
                return Ok(report);
            };
            self.say_what_is_needed(&report);
            (rungs, rung) = (plan::LATER_RUNGS, next);
            self.look += 1;
        }
    }

    /// Load until what is made once is made, as far as anybody can tell: for a while, and some hundreds of requests.
    async fn warm_up(&mut self) -> Result<(), Error> {
        self.begin("in the warm-up");
        self.evidence.open(&self.target.admin).await?;
        let start = self.target.admin.live().await?;
        self.ceiling.see_start(start)?;
        let mut load = Stretch::default();
        for piece in plan::warm_up_pieces() {
            let stretch = self.put_load(piece).await?;
            load += stretch;
            let live = self.target.admin.live().await?;
            self.ceiling.see(live, stretch.time);
            self.see_control(stretch.time).await?;
            let is_near = self.ceiling.is_near() || self.control_room.is_near();
            let requests = load.requests >= plan::WARM_UP_REQUESTS || self.settings.has_few_requests();
            if requests && load.time >= plan::WARM_UP || is_near {
                break;
            }
        }
        sleep(plan::PAUSE).await;
        self.snapshot(Phase::WarmUp, load).await
    }

    /// So many rungs; false where not all fit below the memory limit.
    async fn rungs(&mut self, count: u32, wanted: Duration) -> Result<bool, Error> {
        for to_come in (1..=count).rev() {
            self.begin(&format!("in rung {} of look {}", count - to_come + 1, self.look));
            let cut = [&self.ceiling, &self.control_room].map(|room| room.cut(wanted, to_come));
            let [Some(below_limit), Some(beside_control)] = cut else {
                return self.full(cut[1].is_none());
            };
            let time = below_limit.min(beside_control);
            let load = self.put_load(time).await?;
            self.load += load;
            sleep(plan::PAUSE).await;
            self.snapshot(Phase::Rung, load).await?;
        }
        Ok(true)
    }

    /// No load: until what drains has drained, and then to see what grows all the same.
    async fn rest(&mut self) -> Result<(), Error> {
        self.begin("while the service settled");
        sleep(plan::SETTLE).await;
        self.snapshot(Phase::Settle, Stretch::default()).await?;
        for _ in 0..plan::IDLE_PHASES {
            self.begin("while the service stood idle");
            sleep(plan::IDLE).await;
            self.snapshot(Phase::Idle, Stretch::default()).await?;
        }
        Ok(())
    }

    async fn put_load(&mut self, time: Duration) -> Result<Stretch, Error> {
        let (load, warning) = self.traffic.run(time).await?;
        self.failed += load.failed;
        if let Some(warning) = warning {
            self.note(warning);
        }
        Ok(load)
    }

    async fn snapshot(&mut self, phase: Phase, load: Stretch) -> Result<(), Error> {
        let keep = self.settings.keep_snapshots;
        let live = self.evidence.take(&self.target.admin, phase, load, keep).await?;
        match phase {
            Phase::Rung => {
                self.ceiling.see(live, load.time);
                self.see_control(load.time).await?;
            }
            Phase::Settle | Phase::Idle => self.ceiling.see_rest(live),
            Phase::WarmUp => {}
        }
        self.progress.end(phase, load, live);
        Ok(())
    }

    fn begin(&mut self, doing: &str) {
        doing.clone_into(&mut self.doing);
        self.progress.begin(doing);
    }

    fn stopped(&mut self, error: Error) -> Stopped {
        let error = self.target.explain(error);
        let notes = std::mem::take(&mut self.notes);
        let judge = || self.evidence.judge(self.settings, self.look, self.control).ok();
        let judged = (self.evidence.rungs() >= LEAST_RUNGS).then(judge).flatten();
        self.evidence
            .salvage(error, &self.doing, judged, notes, self.failed)
    }

    /// Leaves the service as it was.
    async fn close(self) {
        if self.control.is_some()
            && self.target.lab().is_none()
            && let Err(error) = self.target.admin.set_control(0).await
        {
            self.progress
                .say(&format!("warning: the control is still planted: {error}"));
        }
        self.target.close().await;
    }
}

/// Units of the load in all rungs.
fn units(report: &Report) -> u64 {
    let rungs = report.phases.iter().filter(|phase| phase.phase == Phase::Rung);
    rungs.map(|rung| rung.units).sum()
}
