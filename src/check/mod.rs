//! The judge of a change to a problem: whether its fields still do what the shop needs, and whether what grew has ended.
//!
//! A change is judged from outside, by what the changed server does. Nothing in the problem's folder but its Rust files has
//! a part in it: what is asked, what a right answer is and what the shop needs are as they were shipped, and are checked to be.
//!
//! # Layout
//! - [`run`]: the changed server, made and started; `trial`: the stages that it goes through, in their order; start reading there
//! - `shipped`: what may be changed, and what was; `elsewhere`: what was changed beside it
//! - `build`: the changed server, built by cargo
//! - `door`, `follow`: questions to the public door, by POST and by WebSocket
//! - `api`: whether the schema is the shipped one
//! - `reference`: what changes are judged by, read before the server is started
//! - `questions`: what is asked; [`answers`]: whether the answers are right, by those that were recorded before
//! - `fresh`: whether questions that were not recorded are answered as those were; `varying`: whether what has to become
//!   another does
//! - `jobs`: whether the database has no more to do than before; `counted`: whether calls still go into the figures that the
//!   shop is watched by
//! - `clients`: the problem's clients, but few
//! - `difference`: answers as they are recorded, and how one is not the other
//! - `memory`: the most that is held under load, and what the database is asked; `swing`: what is held for a while
//! - `ruling`: what the hunt says of the change
//! - [`Refusal`], [`Error`]: what is said of a change that is not right, and what else can go wrong

pub mod answers;
mod api;
mod build;
mod clients;
mod counted;
mod difference;
mod door;
mod elsewhere;
mod error;
mod follow;
mod fresh;
mod jobs;
mod memory;
mod questions;
mod reference;
mod ruling;
mod shipped;
mod swing;
mod trial;
mod varying;

use std::path::{Path, PathBuf};
use std::time::Duration;

use heap_profile::Symbolizer;
use problems::Problem;

pub use door::PublicDoor;
pub use error::{Error, Refusal};
pub use shipped::manifest_of;
pub(crate) use shipped::newer_than_program;

use crate::hunt::interrupt::Interrupts;
use crate::hunt::{self, Hunted, Service};
use crate::load::recipe;
use crate::own_lab::{Doors, NotStarted, OwnLab};
use memory::Watch;
use reference::Reference;
use trial::Trial;

/// Bytes that the instrument is told to keep of each request, to see that it finds them.
const CONTROL: u64 = 128;
/// Allocated bytes from one sample to the next.
const SAMPLE_INTERVAL: u64 = 16 << 10;

/// The hunt's folder in that for the evidence.
const HUNT: &str = "hunt";

/// How often, and after which time each, a folder is tried to be removed.
const REMOVALS: u32 = 10;
const BETWEEN_REMOVALS: Duration = Duration::from_millis(50);

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

/// Judges a change. `progress` tells each stage as it begins. When it ends, in whatever way, what it started has ended; an
/// interrupt takes back the folders too that were made here.
///
/// # Errors
/// [`Error::Refused`] where the change is not right; the others where it could not be judged.
pub async fn run(
    settings: &Settings,
    symbolizer: Symbolizer,
    progress: &hunt::Progress,
) -> Result<Sound, Error> {
    let mut interrupts = Interrupts::listen()?;
    let folders = missing(&settings.folder);
    let judging = async { Ok(judge(settings, symbolizer, progress).await) };
    let ended = interrupts.or(judging).await.map_err(Error::from).flatten();
    progress.finish();
    if let ([folder, above @ ..], Err(Error::Interrupted)) = (folders.as_slice(), &ended) {
        remove(folder).await;
        // As far up as there is nothing else in them by now.
        let _ = above.iter().try_for_each(std::fs::remove_dir);
    }
    ended
}

/// The folder and those above it that there are not, from the inmost out.
fn missing(folder: &Path) -> Vec<PathBuf> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing = folder.ancestors().take_while(is_missing);
    missing.map(Path::to_owned).collect()
}

/// What was being written when the interrupt came may still come into it.
async fn remove(folder: &Path) {
    for _ in 0..REMOVALS {
        match std::fs::remove_dir_all(folder) {
            Ok(()) => return,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => tracing::debug!(%error, "{} is still there", folder.display()),
        }
        tokio::time::sleep(BETWEEN_REMOVALS).await;
    }
    tracing::warn!("{} could not be removed", folder.display());
}

async fn judge(
    settings: &Settings,
    symbolizer: Symbolizer,
    progress: &hunt::Progress,
) -> Result<Sound, Error> {
    let board = problems::problems();
    let problem = problems::find_problem(&settings.problem)?;
    has_no_hunt(&settings.folder)?;
    if settings.server.is_none() {
        progress.say("what was changed");
        shipped::changed(&settings.root, &problem).map_err(Error::not_judged)?;
    }
    let reference = Reference::read(&settings.root, &board)?;
    let program = match &settings.server {
        Some(program) => program.clone(),
        None => {
            progress.say("building the changed server");
            build::server(&settings.root).await?
        }
    };
    progress.say("starting it");
    let (mut lab, doors) = start(&program, &settings.folder).await?;
    let trial = async {
        let trial = Trial {
            settings,
            progress,
            board: &board,
            problem: &problem,
            doors: &doors,
            door: PublicDoor::new(&doors.public),
            watch: Watch::new(&doors.admin)?,
            reference: &reference,
        };
        trial.run(symbolizer).await
    };
    let judged = trial.await.map(|hunted| Sound { hunted });
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

/// Better said before all the work: a hunt is never written over.
fn has_no_hunt(folder: &Path) -> Result<(), Error> {
    let hunt = folder.join(HUNT);
    if hunt.exists() {
        let source = std::io::ErrorKind::AlreadyExists.into();
        return Err(Error::file("make", hunt)(source));
    }
    Ok(())
}

/// Starts the changed server; its log is in the folder for the evidence.
async fn start(program: &Path, folder: &Path) -> Result<(OwnLab, Doors), Error> {
    std::fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    let log = folder.join("server.log");
    let started = OwnLab::start(program, SAMPLE_INTERVAL, &log).await;
    started.map_err(|error| match error {
        NotStarted::File { path, source } => Error::file("make", path)(source),
        NotStarted::Program { program, source } => Error::Program {
            program: program.display().to_string(),
            source,
        },
        NotStarted::Ended(words) => Refusal::new(
            format!("the changed server does not start; the last that it said: {words}"),
            format!("see its log, {}", log.display()),
        )
        .into(),
    })
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
        folder: settings.folder.join(HUNT),
        keep_snapshots: false,
    }
}
