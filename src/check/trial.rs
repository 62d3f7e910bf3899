//! A changed server, put to the test.

use heap_profile::Symbolizer;
use problems::{Pace, Problem};

use super::answers::compare_neighbour;
use super::door::PublicDoor;
use super::memory::{AskedTwice, Watch};
use super::reference::Reference;
use super::{Error, SAMPLE_INTERVAL, Settings, counted, fresh, hunt_settings, jobs, ruling, swing, varying};
use crate::hunt::{self, Hunted, Progress};
use crate::own_lab::Doors;

/// Of so many calls it is seen whether they are recalled, after the load, one after the other: who clears all of it at least
/// once in that time is met.
const RECALLED: usize = 8;
/// Calls that have to be counted, and as many of them after the load that a count which is begun anew is met.
const COUNTED_AT_FIRST: u32 = 20;
const COUNTED: u32 = 20_000;

/// What is judged, and where it is asked.
pub(super) struct Trial<'t> {
    pub(super) settings: &'t Settings,
    pub(super) progress: &'t Progress,
    pub(super) board: &'t [Problem],
    pub(super) problem: &'t Problem,
    pub(super) doors: &'t Doors,
    pub(super) door: PublicDoor,
    pub(super) watch: Watch,
    pub(super) reference: &'t Reference,
}

impl Trial<'_> {
    /// All the stages, in their order.
    ///
    /// # Errors
    /// [`super::Refusal`] at the first that it does not pass.
    pub(super) async fn run(&self, symbolizer: Symbolizer) -> Result<Hunted, Error> {
        self.progress.say("whether its API is the shop's");
        self.reference.api.is_at(&self.door).await?;
        let live = self.watch.look().await?.live();
        // First of all: whatever was asked before is at hand.
        let remembered = self.remembers().await?;
        let neighbours = self.answers_are_right().await?;
        let hunted = self.hunt(symbolizer, live + neighbours).await?;
        self.progress.say("whether answered requests are gone");
        swing::is_small(&self.watch, &self.door, self.problem).await?;
        self.still_remembers(remembered.as_ref()).await?;
        if let Some(others) = &self.problem.requires.others {
            self.progress.say("whether what else is asked is bounded");
            self.watch
                .others_are_bounded(&self.door, self.problem, others)
                .await?;
        }
        self.progress.say("whether its answers are right after all that");
        let recorded = self.reference.answers(self.problem);
        recorded.compare(&self.door, self.problem).await?;
        fresh::are_answered(&self.door, self.problem, recorded).await?;
        varying::does_vary(&self.door, self.problem).await?;
        jobs::are_few(&self.watch, &self.door, self.problem).await?;
        self.neighbours_answer(self.board.iter()).await?;
        Ok(hunted)
    }

    async fn remembers(&self) -> Result<Option<AskedTwice>, Error> {
        if self.problem.requires.remembers == 0 {
            return Ok(None);
        }
        self.progress.say("whether it remembers");
        self.watch.remembers(&self.door, self.problem).await.map(Some)
    }

    /// What came first may stay, and what comes later never get in; or it is all cleared now and then.
    async fn still_remembers(&self, before: Option<&AskedTwice>) -> Result<(), Error> {
        let (door, problem) = (&self.door, self.problem);
        if let Some(before) = before {
            self.progress.say("whether it remembers what is new");
            self.watch.still_remembers(door, problem, before).await?;
        }
        if problem.requires.recalls > 0 {
            self.progress.say("whether it recalls what is new");
            let recorded = self.reference.answers(problem);
            recorded.recalled(door, problem, RECALLED).await?;
        }
        counted::each_call(door, problem, COUNTED).await
    }

    /// Also says what the neighbours keep for having been asked, in bytes: that is theirs.
    async fn answers_are_right(&self) -> Result<u64, Error> {
        self.progress.say("whether its answers are right");
        let before = self.watch.look().await?;
        let recorded = self.reference.answers(self.problem);
        recorded.compare(&self.door, self.problem).await?;
        varying::does_vary(&self.door, self.problem).await?;
        if self.problem.requires.recalls > 0 {
            recorded.recalled(&self.door, self.problem, 1).await?;
        }
        jobs::are_few(&self.watch, &self.door, self.problem).await?;
        self.watch.calls_are_counted(self.problem, &before).await?;
        counted::each_call(&self.door, self.problem, COUNTED_AT_FIRST).await?;
        // What grows by time would be seen in the hunt, whoever set it off.
        let quiet = self.board.iter().filter(|other| other.load.per == Pace::Request);
        let live = self.watch.look().await?.live();
        self.neighbours_answer(quiet).await?;
        Ok(self.watch.look().await?.live().saturating_sub(live))
    }

    async fn neighbours_answer(&self, board: impl Iterator<Item = &Problem>) -> Result<(), Error> {
        for other in board.filter(|other| other.number != self.problem.number) {
            compare_neighbour(&self.door, other, self.reference.answers(other)).await?;
        }
        Ok(())
    }

    /// `base` is what was live before, in bytes.
    async fn hunt(&self, symbolizer: Symbolizer, base: u64) -> Result<Hunted, Error> {
        self.progress.say("whether it still grows");
        let peak = self.watch.keep_looking();
        let settings = hunt_settings(self.settings, self.problem, self.doors);
        let hunted = hunt::run(&settings, symbolizer, self.progress).await;
        let peak = peak.end().await;
        let hunted = hunted.map_err(Error::of_hunt)?;
        self.watch.still_records(SAMPLE_INTERVAL).await?;
        ruling::of(self.problem, &hunted)?;
        peak?.fits(self.problem, base)?;
        Ok(hunted)
    }
}
