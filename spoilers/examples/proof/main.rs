//! The proof: each problem is hunted as it is, and is found; each healed one passes `leaklab check`; no innocent is accused.
//!
//! Prints a table in Markdown, and a line on stderr for each run. `spoilers/proof.sh` builds what it needs and runs it; which
//! programs are meant is found from where it stands itself: beside `healed`, below `leaklab`.
//!
//! - [`Proof`]: the runs, one after the other; start reading there
//! - `run`: what came of one, and what should have
//! - `table`: all of them

mod run;
mod table;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use clap::Parser;
use heap_profile::hunt::Verdict;
use problems::{Problem, find_problem, problems};

use run::{Answer, Ended, Run, Variant};

/// Of so many holders one may be missing: a search has its bounds, and what is left over in freed memory may come first.
const SPARED_HOLDERS: usize = 8;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Hunts in every problem, leaky, healed or innocent, and prints what was found as a table
#[derive(Parser)]
struct Args {
    /// Problems to prove [default: all]
    problems: Vec<String>,
    /// Runs of each
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// Runs at a time
    #[arg(long, default_value = "1")]
    jobs: NonZeroUsize,
    /// Seconds that each hunt may take
    #[arg(long, default_value_t = 60)]
    budget: u64,
    /// File that each run is noted in, a line of JSON each: a proof that is broken off goes on from there
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Folder for the evidence; by default a temporary one
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
}

struct Proof {
    args: Args,
    leaklab: PathBuf,
    healed: PathBuf,
    evidence: PathBuf,
    /// In the order in which they ended.
    runs: Mutex<Vec<Run>>,
}

/// A run to be made.
#[derive(Clone, Copy)]
struct Case<'c> {
    problem: &'c Problem,
    answer: &'c Answer,
    variant: Variant,
    round: usize,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let problems = match args.problems.as_slice() {
        [] => problems(),
        some => some
            .iter()
            .map(|given| find_problem(given))
            .collect::<std::result::Result<_, _>>()?,
    };
    let temporary = tempfile::tempdir()?;
    let proof = Proof::new(args, temporary.path())?;
    proof.run(&problems)?;
    let mut runs = lock(&proof.runs).clone();
    runs.retain(|run| problems.iter().any(|problem| problem.id == run.problem));
    print!("{}", table::of(&problems, &runs)?);
    Ok(if are_good(&runs) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Proof {
    fn new(args: Args, temporary: &Path) -> Result<Self> {
        let program = std::env::current_exe()?;
        let examples = program.parent().unwrap_or(Path::new(""));
        Ok(Self {
            leaklab: examples.join("../leaklab").canonicalize()?,
            healed: examples.join("healed").canonicalize()?,
            runs: Mutex::new(read_log(args.log.as_deref())?),
            evidence: args.evidence.clone().unwrap_or_else(|| temporary.to_owned()),
            args,
        })
    }

    /// Every run that the log does not have. The first that cannot be made is the last.
    fn run(&self, problems: &[Problem]) -> Result<()> {
        let answers: Vec<Answer> = problems.iter().map(Answer::of).collect::<Result<_>>()?;
        let missing = Mutex::new(self.missing(problems, &answers).into_iter());
        let next = || lock(&missing).next();
        let work = || {
            while let Some(case) = next() {
                let made = self.decide(case).and_then(|run| self.note(run, case));
                made.inspect_err(|_| *lock(&missing) = Vec::new().into_iter())?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.args.jobs.get()).map(|_| scope.spawn(work)).collect();
            let ended = workers.into_iter().map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| Err("a worker has panicked".into()))
            });
            ended.collect()
        })
    }

    /// In rounds: what is broken off has some of each.
    fn missing<'c>(&self, problems: &'c [Problem], answers: &'c [Answer]) -> Vec<Case<'c>> {
        let runs = lock(&self.runs);
        let mut missing = Vec::new();
        for round in 1..=self.args.runs {
            for (problem, answer) in problems.iter().zip(answers) {
                for &variant in answer.variants() {
                    let is_it = |run: &&Run| run.problem == problem.id && run.variant == variant;
                    if runs.iter().filter(is_it).count() < round {
                        missing.push(Case {
                            problem,
                            answer,
                            variant,
                            round,
                        });
                    }
                }
            }
        }
        missing
    }

    /// Where it could not be decided, it is tried once more with twice the time.
    fn decide(&self, case: Case<'_>) -> Result<Run> {
        let run = self.try_once(case, self.args.budget)?;
        if run.verdict != Some(Verdict::Inconclusive) {
            return Ok(run);
        }
        eprintln!("{case} inconclusive, once more");
        let mut run = self.try_once(case, 2 * self.args.budget)?;
        run.undecided = true;
        Ok(run)
    }

    fn try_once(&self, case: Case<'_>, budget: u64) -> Result<Run> {
        let Case {
            problem,
            variant,
            round,
            ..
        } = case;
        let folder = format!("{}-{}-{round}", problem.id, variant.name());
        let folder = self.evidence.join(folder);
        // What a run that was broken off has left.
        let _ = fs::remove_dir_all(&folder);
        let (command, report) = match variant {
            Variant::Healed => (self.check(problem), folder.join("hunt/report.json")),
            _ => (self.hunt(problem), folder.join("report.json")),
        };
        let ended = run_to_the_end(command, budget, &folder, &report)?;
        Ok(Run::of(problem, case.answer, variant, ended))
    }

    fn hunt(&self, problem: &Problem) -> Command {
        let mut command = Command::new(&self.leaklab);
        command.args(["hunt", &problem.id, "--format", "json"]);
        command
    }

    fn check(&self, problem: &Problem) -> Command {
        let mut command = Command::new(&self.leaklab);
        command.args(["check", &problem.id, "--server"]).arg(&self.healed);
        command
    }

    fn note(&self, run: Run, case: Case<'_>) -> Result<()> {
        let right = match (run.is_right(), run.holder_named) {
            (true, true) => "right",
            (true, false) => "right but for the holder",
            (false, _) => "WRONG",
        };
        eprintln!("{case} {right}, {:.0} s, {}", run.seconds, run.said);
        let mut runs = lock(&self.runs);
        if let Some(log) = &self.args.log {
            let mut log = OpenOptions::new().create(true).append(true).open(log)?;
            writeln!(log, "{}", serde_json::to_string(&run)?)?;
        }
        runs.push(run);
        Ok(())
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (id, variant) = (&self.problem.id, self.variant.name());
        write!(f, "{id:<20} {variant:<8} run {}:", self.round)
    }
}

fn are_good(runs: &[Run]) -> bool {
    let leaky = runs.iter().filter(|run| run.variant == Variant::Leaky).count();
    let missed = runs.iter().filter(|run| !run.holder_named).count();
    runs.iter().all(Run::is_right) && missed * SPARED_HOLDERS <= leaky
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run_to_the_end(mut command: Command, budget: u64, folder: &Path, report: &Path) -> Result<Ended> {
    command
        .args(["--budget", &budget.to_string(), "--output"])
        .arg(folder)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null());
    let begun = Instant::now();
    let output = command.output()?;
    let seconds = begun.elapsed().as_secs_f64();
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    let refused = said[0].lines().find(|line| line.starts_with("not fixed"));
    let error = said[1].lines().rfind(|line| line.starts_with("error"));
    let report = fs::read_to_string(report).ok();
    Ok(Ended {
        code: output.status.code().unwrap_or(-1),
        said: refused.or(error).unwrap_or_default().to_owned(),
        seconds,
        report: report.map(|text| serde_json::from_str(&text)).transpose()?,
    })
}

fn read_log(path: Option<&Path>) -> Result<Vec<Run>> {
    let Some(path) = path.filter(|path| path.exists()) else {
        return Ok(Vec::new());
    };
    let text = fs::read_to_string(path)?;
    Ok(text
        .lines()
        .map(serde_json::from_str)
        .collect::<std::result::Result<_, _>>()?)
}
