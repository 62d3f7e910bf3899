//! The judge of a change to a problem: whether its fields still do what the shop needs, and whether what grew has ended.
//!
//! A change is judged from outside, by what the changed server does. Nothing in the problem's folder but its Rust files has
//! a part in it: what is asked, what a right answer is and what the shop needs are as they were shipped, and are checked to be.
//!
//! # Layout
//! - [`run`]: the stages, in their order; start reading here
//! - `shipped`: what may be changed, and what was
//! - `build`: the changed server, built by cargo
//! - `door`, `follow`: questions to the public door, by POST and by WebSocket
//! - `api`: whether the schema is the shipped one
//! - [`answers`]: whether the answers are right, by those that were recorded before
//! - `difference`: answers as they are recorded, and how one is not the other
//! - `memory`: the most that is held under load, and what the database is asked
//! - `ruling`: what the hunt says of the change
//! - [`Refusal`], [`Error`]: what is said of a change that is not right, and what else can go wrong

pub mod answers;
mod api;
mod build;
mod difference;
mod door;
mod error;
mod follow;
mod memory;
mod ruling;
mod shipped;

use std::path::PathBuf;
use std::time::Duration;

use heap_profile::Symbolizer;
use problems::Problem;

pub use door::PublicDoor;
pub use error::{Error, Refusal};
pub use shipped::manifest_of;

use crate::hunt::interrupt::Interrupts;
use crate::hunt::{self, Hunted, Service};
use crate::load::recipe;
use crate::own_lab::{Doors, OwnLab};
use answers::Answers;
use memory::Watch;

/// Bytes that the instrument is told to keep of each request, to see that it finds them.
const CONTROL: u64 = 128;
/// Allocated bytes from one sample to the next.
const SAMPLE_INTERVAL: u64 = 16 << 10;

/// What is judged, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The problem's id, or a beginning of it.
    pub problem: String,
    /// The folder of the workspace.
    pub root: PathBuf,
    /// A server that is built already; what stands in the workspace is not looked at then.
    pub server: Option<PathBuf>,
    /// How long the hunt may take.
    pub budget: Duration,
    /// The folder for the evidence of the hunt.
    pub folder: PathBuf,
}

/// The change is right: what the hunt has found.
#[derive(Debug)]
pub struct Sound {
    /// The hunt.
    pub hunted: Hunted,
}

/// Judges a change. `say` is told each stage as it begins. When it ends, in whatever way, what it started has ended.
///
/// # Errors
/// [`Error::Refused`] where the change is not right; the others where it could not be judged.
pub async fn run(
    settings: &Settings,
    symbolizer: Symbolizer,
    progress: &hunt::Progress,
) -> Result<Sound, Error> {
    let mut interrupts = Interrupts::listen()?;
    let judging = async { Ok(judge(settings, symbolizer, progress).await) };
    let ended = interrupts.or(judging).await.map_err(Error::from).flatten();
    progress.finish();
    ended
}

async fn judge(
    settings: &Settings,
    symbolizer: Symbolizer,
    progress: &hunt::Progress,
) -> Result<Sound, Error> {
    let board = problems::problems();
    let problem = problems::find_problem(&settings.problem)?;
    let program = match &settings.server {
        Some(program) => program.clone(),
        None => {
            progress.say("what was changed");
            shipped::changed(&settings.root, &problem)?;
            progress.say("building the changed server");
            build::server(&settings.root).await?
        }
    };
    std::fs::create_dir_all(&settings.folder).map_err(Error::file("make", &settings.folder))?;
    let log = settings.folder.join("server.log");
    progress.say("starting it");
    let started = OwnLab::start(&program, SAMPLE_INTERVAL, &log).await;
    let (mut lab, doors) = started.map_err(|reason| {
        Refusal::new(
            format!("the changed server does not start: {reason}"),
            format!("see its log, {}", log.display()),
        )
    })?;
    let judged = put_to_the_test(settings, symbolizer, progress, &board, &problem, &doors).await;
    // A server that has ended is the reason for whatever went wrong.
    let judged = match judged {
        Err(error) => Err(match lab.ended_soon().await {
            Some(status) => Refusal::ended(status, &lab.last_words()).into(),
            None => error,
        }),
        sound => sound,
    };
    lab.end().await;
    judged
}

async fn put_to_the_test(
    settings: &Settings,
    symbolizer: Symbolizer,
    progress: &hunt::Progress,
    board: &[Problem],
    problem: &Problem,
    doors: &Doors,
) -> Result<Sound, Error> {
    let door = PublicDoor::new(&doors.public);
    let watch = Watch::new(&doors.admin)?;
    progress.say("whether its API is the shop's");
    api::same(&door, &settings.root).await?;

    let base = watch.look().await?;
    if problem.requires.remembers > 0 {
        // First of all: whatever was asked before is at hand.
        progress.say("whether it remembers");
        watch.remembers(&door, problem).await?;
    }

    progress.say("whether its answers are right");
    let answers = Answers::read(&settings.root, problem)?;
    answers.compare(&door, problem).await?;
    if problem.requires.recalls > 0 {
        answers.recalled(&door, problem).await?;
    }
    watch.calls_are_counted(problem, &base).await?;
    // What grows by time would be seen in the hunt, whoever set it off.
    let quiet = board
        .iter()
        .filter(|other| other.load.per == problems::Pace::Request);
    let before = watch.look().await?.live();
    answers::compare_others(&settings.root, &door, quiet, problem).await?;
    // What the neighbours keep is theirs.
    let neighbours = watch.look().await?.live().saturating_sub(before);

    progress.say("whether it still grows");
    let peak = watch.keep_looking();
    let hunted = hunt::run(&hunt_settings(settings, problem, doors), symbolizer, progress).await;
    let peak = peak.end().await;
    let hunted = hunted.map_err(Error::of_hunt)?;
    watch.still_records(SAMPLE_INTERVAL).await?;
    ruling::of(problem, &hunted)?;
    peak?.fits(problem, base.live() + neighbours)?;

    progress.say("whether its answers are right after all that");
    answers.compare(&door, problem).await?;
    answers::compare_others(&settings.root, &door, board.iter(), problem).await?;
    Ok(Sound { hunted })
}

fn hunt_settings(settings: &Settings, problem: &Problem, doors: &Doors) -> hunt::Settings {
    let recipe = Some(&problem.load);
    let shape = recipe::shape(None, recipe);
    hunt::Settings {
        subject: problem.id.clone(),
        operation: recipe::operation(problem),
        service: Service::Running {
            target: doors.public.clone(),
            admin: doors.admin.clone(),
            token: None,
        },
        allow_remote: false,
        shape,
        trigger: recipe::trigger(None, shape, recipe),
        connections: hunt::DEFAULT_CONNECTIONS,
        pipelining: hunt::DEFAULT_PIPELINING,
        rate: None,
        rung: hunt::DEFAULT_RUNG,
        budget: settings.budget,
        threshold: heap_profile::hunt::Threshold::default(),
        control: Some(CONTROL),
        holders: 1,
        baseline: None,
        folder: settings.folder.join("hunt"),
        keep_snapshots: false,
    }
}
