//! What the server holds and does while it is judged, by figures that its admin door counts.

use std::time::Duration;

use heap_profile::render::bytes;
use problems::Problem;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use super::door::PublicDoor;
use super::questions::{drawn, drawn_from};
use super::{Error, Refusal};
use crate::hunt::admin::Admin;

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What requests under way, buffers and caches of the service itself may take beside what a problem's fields keep, in bytes:
/// twice the most that a healed problem was seen to. What is kept under a small load, `swing` sees.
const ALLOWANCE: u64 = 8 << 20;
/// What is remembered is asked for again after this.
const PAUSE: Duration = Duration::from_secs(1);
/// Different questions that the load has none of.
const OTHERS: usize = 2_000;
/// Of so many questions one may have been asked before, or not be remembered.
const FORGIVEN: u64 = 20;

/// What the list of what the instrument was told to keep has at hand for more, in bytes.
const LISTED_AHEAD: u64 = 64 << 10;

const LOOK: &str = "{
  memoryInfo { live } control { planted plantedBytes } databaseJobs problems { id calls }
  profiler { active recording sampleInterval message }
}";

/// Looks at the server through its admin door.
#[derive(Debug, Clone)]
pub(super) struct Watch(Admin);

/// The figures of one moment.
#[derive(Debug)]
pub(super) struct Figures(Value);

/// A look every now and then, until it is ended.
pub(super) struct Peak {
    task: JoinHandle<Result<Highest, Error>>,
    enough: oneshot::Sender<()>,
}

/// So many questions, and the jobs that the database had for them the first time and again.
#[derive(Debug)]
pub(super) struct AskedTwice {
    count: u64,
    first: u64,
    again: u64,
}

/// The most that was live, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Highest(u64);

impl Watch {
    pub(super) fn new(admin: &str) -> Result<Self, Error> {
        let url = Url::parse(admin).map_err(|error| Error::Door {
            url: admin.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self(Admin::new(&url, None)))
    }

    pub(super) async fn look(&self) -> Result<Figures, Error> {
        Ok(Figures(self.0.ask("tell its figures", LOOK, Value::Null).await?))
    }

    /// Each call goes through the gate that counts it, and refuses it past the memory limit.
    pub(super) async fn calls_are_counted(&self, problem: &Problem, before: &Figures) -> Result<(), Error> {
        if self.look().await?.calls(problem) > before.calls(problem) {
            return Ok(());
        }
        Err(Refusal::new(
            format!(
                "calls of {} are not counted any more",
                problem.fields.join(" and ")
            ),
            format!(
                "leave #[graphql(guard = \"Gate::of({})\")] above the field",
                problem.number
            ),
        )
        .into())
    }

    /// So many questions, asked twice: the second time the database has less to do for each.
    pub(super) async fn remembers(&self, door: &PublicDoor, problem: &Problem) -> Result<AskedTwice, Error> {
        let twice = self.ask_twice(door, problem).await?;
        if twice.first.saturating_sub(twice.again) + twice.spared() >= twice.count {
            return Ok(twice);
        }
        Err(twice.refusal(
            "their answers were not at hand",
            format!(
                "keep the latest {} answers at hand: the shop needs them",
                twice.count
            ),
        ))
    }

    /// Others, once there was load: the second time the database has no more to do than it had `before`. The first time,
    /// some of the answers may be at hand already.
    pub(super) async fn still_remembers(
        &self,
        door: &PublicDoor,
        problem: &Problem,
        before: &AskedTwice,
    ) -> Result<(), Error> {
        let twice = self.ask_twice(door, problem).await?;
        if twice.again <= before.again + twice.spared() {
            return Ok(());
        }
        Err(twice.refusal(
            "after the load, what is new is not kept",
            format!(
                "let new answers take the place of the oldest: the shop needs the latest {}, and not the most wanted",
                twice.count
            ),
        ))
    }

    async fn ask_twice(&self, door: &PublicDoor, problem: &Problem) -> Result<AskedTwice, Error> {
        let questions = drawn(problem, problem.requires.remembers as usize)?;
        let first = self.jobs_for(door, problem.operation, &questions).await?;
        tokio::time::sleep(PAUSE).await;
        Ok(AskedTwice {
            count: questions.len() as u64,
            first,
            again: self.jobs_for(door, problem.operation, &questions).await?,
        })
    }

    /// How many jobs the database had while a document was asked with each of these variables, one after the other.
    pub(super) async fn jobs_for(
        &self,
        door: &PublicDoor,
        document: &str,
        questions: &[Value],
    ) -> Result<u64, Error> {
        let before = self.look().await?.database_jobs();
        for question in questions {
            door.ask(document, question).await?;
        }
        Ok(self.look().await?.database_jobs().saturating_sub(before))
    }

    /// Looks at the live heap until told that it is enough. A look that fails under load is made up for by the next.
    pub(super) fn keep_looking(&self) -> Peak {
        let watch = self.clone();
        let (enough, mut ended) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut highest = watch.look().await?.live();
            while ended
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
            {
                if let Ok(figures) = watch.look().await {
                    highest = highest.max(figures.live());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(Highest(highest))
        });
        Peak { task, enough }
    }

    /// Questions that the load had none of, thousands of different ones: what is kept of them is what the shop can afford.
    pub(super) async fn others_are_bounded(
        &self,
        door: &PublicDoor,
        problem: &Problem,
        others: &Value,
    ) -> Result<(), Error> {
        let questions = drawn_from(problem, others, OTHERS)?;
        let before = self.look().await?.live();
        for question in &questions {
            door.ask(problem.operation, question).await?;
        }
        let kept = self.look().await?.live().saturating_sub(before);
        tracing::debug!("{kept} bytes are kept of {} other questions", questions.len());
        if kept <= problem.requires.keeps + ALLOWANCE {
            return Ok(());
        }
        Err(Refusal::new(
            format!(
                "of {} questions that were not asked before {} are kept, and the shop can afford {}, and {} for what is beside it",
                questions.len(),
                bytes(kept.cast_signed()),
                bytes(problem.requires.keeps.cast_signed()),
                bytes(ALLOWANCE.cast_signed())
            ),
            "bound what is kept by its size, whatever is asked",
        )
        .into())
    }

    /// The instrument is as it was when the server was started.
    pub(super) async fn still_records(&self, interval: u64) -> Result<(), Error> {
        let figures = self.look().await?;
        let profiler = &figures.0["profiler"];
        let found = profiler["sampleInterval"].as_u64().unwrap_or_default();
        let why = if profiler["active"] != true || profiler["recording"] != true {
            format!(
                "the server records no allocations any more: {}",
                profiler["message"].as_str().unwrap_or_default()
            )
        } else if found != interval {
            format!(
                "the sampling interval was changed from {} to {}",
                bytes(interval.cast_signed()),
                bytes(found.cast_signed())
            )
        } else {
            return Ok(());
        };
        Err(Refusal::new(
            why,
            "leave the instrument as it is: what is not measured is not fixed",
        )
        .into())
    }
}

impl Figures {
    /// Live heap without what the instrument keeps because it was told to, its list of that included.
    pub(super) fn live(&self) -> u64 {
        let control = |name: &str| self.0["control"][name].as_u64().unwrap_or_default();
        let listed = match control("planted") {
            0 => 0,
            planted => planted * heap_admin::LISTED as u64 + LISTED_AHEAD,
        };
        let planted = control("plantedBytes") + listed;
        let live = self.0["memoryInfo"]["live"].as_u64().unwrap_or_default();
        live.saturating_sub(planted)
    }

    pub(super) fn database_jobs(&self) -> u64 {
        self.0["databaseJobs"].as_u64().unwrap_or_default()
    }

    fn calls(&self, problem: &Problem) -> u64 {
        let problems = self.0["problems"].as_array();
        let found = problems.and_then(|all| all.iter().find(|found| found["id"] == problem.id.as_str()));
        found
            .and_then(|found| found["calls"].as_u64())
            .unwrap_or_default()
    }
}

impl AskedTwice {
    fn spared(&self) -> u64 {
        self.count / FORGIVEN
    }

    fn refusal(&self, what: &str, next: String) -> Error {
        let Self { count, first, again } = self;
        let why = format!(
            "{count} questions took {first} jobs of the database, and {again} when they were asked again: {what}"
        );
        Refusal::new(why, next).into()
    }
}

impl Peak {
    pub(super) async fn end(self) -> Result<Highest, Error> {
        // It may have ended by itself, where the server has.
        let _ = self.enough.send(());
        self.task.await.map_err(|error| Error::Lost(error.to_string()))?
    }
}

impl Highest {
    /// What was held at most, beside `base`, is what the shop can afford.
    pub(super) fn fits(self, problem: &Problem, base: u64) -> Result<(), Error> {
        let held = self.0.saturating_sub(base);
        let affordable = problem.requires.keeps;
        tracing::debug!("at most {held} bytes were held");
        if held <= affordable + ALLOWANCE {
            return Ok(());
        }
        Err(Refusal::new(
            format!(
                "up to {} were held under load, and the shop can afford {} for it, and {} for requests under way",
                bytes(held.cast_signed()),
                bytes(affordable.cast_signed()),
                bytes(ALLOWANCE.cast_signed())
            ),
            "bound what is kept by its size, whatever the load is: what goes by the clock grows with the load",
        )
        .into())
    }
}
