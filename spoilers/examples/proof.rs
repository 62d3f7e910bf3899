//! The proof: each problem is hunted as it is, and is found; each healed one passes `leaklab check`; no innocent is accused.
//!
//! Prints a table in Markdown, and a line on stderr for each run. `spoilers/proof.sh` builds what it needs and runs it; which
//! programs are meant is found from where it stands itself: beside `healed`, below `leaklab`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use clap::Parser;
use heap_profile::hunt::{Report, Verdict};
use heap_profile::render;
use problems::{Problem, find_problem, problems};
use serde::{Deserialize, Serialize};

/// Of so many holders one may be missing: a search has its bounds, and what is left over in freed memory may come first.
const SPARED_HOLDERS: usize = 8;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Hunts in every problem, leaky, healed or innocent, and prints what was found as a table
#[derive(Parser)]
struct Args {
    /// Problems to prove [default: all]
    problems: Vec<String>,
    /// Runs of each
    #[arg(long, default_value_t = 1)]
    runs: usize,
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

/// What a problem's `answer.toml` says of a hunt.
#[derive(Deserialize)]
struct Answer {
    kinds: Vec<String>,
    field: Option<String>,
    holder: Option<String>,
    #[serde(default)]
    verdicts: Vec<Verdict>,
    #[serde(flatten)]
    rest: toml::Table,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Variant {
    Leaky,
    Healed,
    Innocent,
}

/// What came of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Run {
    problem: String,
    variant: Variant,
    seconds: f64,
    /// The report's verdict; nothing where there was no report.
    verdict: Option<Verdict>,
    /// Whether it is what it should be: a leak, found; a healed or an innocent one, not accused.
    right: bool,
    field: Option<String>,
    right_field: bool,
    /// What the first path of the first holders in the report ends at.
    holder: Option<String>,
    /// Whether that is the answer's.
    right_holder: bool,
    /// Whether the answer's is among the first three.
    holder_named: bool,
    /// Bytes per unit: the estimate and its interval.
    rate: Option<[f64; 3]>,
    /// Whether it took a second try, with more time.
    #[serde(default)]
    undecided: bool,
    /// What else was said, where it is not right.
    said: String,
}

impl Run {
    fn is_right(&self) -> bool {
        self.right && self.right_field
    }
}

impl Variant {
    fn name(self) -> &'static str {
        match self {
            Self::Leaky => "leaky",
            Self::Healed => "healed",
            Self::Innocent => "innocent",
        }
    }
}

struct Proof {
    args: Args,
    leaklab: PathBuf,
    healed: PathBuf,
    evidence: PathBuf,
    runs: Vec<Run>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let temporary = tempfile::tempdir()?;
    let evidence = args
        .evidence
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    let examples = std::env::current_exe()?
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default();
    let mut proof = Proof {
        leaklab: examples.join("../leaklab").canonicalize()?,
        healed: examples.join("healed").canonicalize()?,
        runs: read_log(args.log.as_deref())?,
        evidence,
        args,
    };
    let problems = match proof.args.problems.as_slice() {
        [] => problems(),
        some => some
            .iter()
            .map(|given| find_problem(given))
            .collect::<std::result::Result<_, _>>()?,
    };
    for round in 1..=proof.args.runs {
        for problem in &problems {
            let answer = answer(problem)?;
            let variants: &[Variant] = match answer.kinds[0].as_str() {
                "innocent" => &[Variant::Innocent],
                _ => &[Variant::Leaky, Variant::Healed],
            };
            for variant in variants {
                proof.run_once(problem, &answer, *variant, round)?;
            }
        }
    }
    let ids: Vec<&str> = problems.iter().map(|problem| problem.id.as_str()).collect();
    let wanted: Vec<Run> = proof
        .runs
        .into_iter()
        .filter(|run| ids.contains(&run.problem.as_str()))
        .collect();
    print!("{}", table(&problems, &wanted)?);
    let leaky = wanted.iter().filter(|run| run.variant == Variant::Leaky).count();
    let missed = wanted.iter().filter(|run| !run.holder_named).count();
    let good = wanted.iter().all(Run::is_right) && missed * SPARED_HOLDERS <= leaky;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Proof {
    /// Unless the log has the run already. Where it could not be decided, it is tried once more with twice the time.
    fn run_once(&mut self, problem: &Problem, answer: &Answer, variant: Variant, round: usize) -> Result<()> {
        let is_it = |run: &&Run| run.problem == problem.id && run.variant == variant;
        if self.runs.iter().filter(is_it).count() >= round {
            return Ok(());
        }
        let mut run = self.try_once(problem, answer, variant, round, self.args.budget)?;
        if run.verdict == Some(Verdict::Inconclusive) {
            eprintln!(
                "{:<20} {:<8} run {round}: inconclusive, once more",
                problem.id,
                variant.name()
            );
            run = self.try_once(problem, answer, variant, round, 2 * self.args.budget)?;
            run.undecided = true;
        }
        let right = match (run.is_right(), run.holder_named) {
            (true, true) => "right",
            (true, false) => "right but for the holder",
            (false, _) => "WRONG",
        };
        eprintln!(
            "{:<20} {:<8} run {round}: {right}, {:.0} s, {}",
            problem.id,
            variant.name(),
            run.seconds,
            run.said
        );
        if let Some(log) = &self.args.log {
            let mut log = OpenOptions::new().create(true).append(true).open(log)?;
            writeln!(log, "{}", serde_json::to_string(&run)?)?;
        }
        self.runs.push(run);
        Ok(())
    }

    fn try_once(
        &self,
        problem: &Problem,
        answer: &Answer,
        variant: Variant,
        round: usize,
        budget: u64,
    ) -> Result<Run> {
        let folder = self
            .evidence
            .join(format!("{}-{}-{round}", problem.id, variant.name()));
        // What a run that was broken off has left.
        let _ = fs::remove_dir_all(&folder);
        let begun = Instant::now();
        let (command, report) = match variant {
            Variant::Healed => (self.check(problem), folder.join("hunt/report.json")),
            _ => (self.hunt(problem), folder.join("report.json")),
        };
        let (code, said) = run_to_the_end(command, budget, &folder)?;
        let seconds = begun.elapsed().as_secs_f64();
        let report = fs::read_to_string(report).ok();
        let report = report.map(|text| serde_json::from_str(&text)).transpose()?;
        Ok(judge(
            problem,
            answer,
            variant,
            report.as_ref(),
            code,
            said,
            seconds,
        ))
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
}

/// The exit code, and what was said last of what is not right.
fn run_to_the_end(mut command: Command, budget: u64, folder: &Path) -> Result<(i32, String)> {
    command
        .args(["--budget", &budget.to_string(), "--output"])
        .arg(folder)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null());
    let output = command.output()?;
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    let refused = said[0].lines().find(|line| line.starts_with("not fixed"));
    let error = said[1].lines().rfind(|line| line.starts_with("error"));
    let said = refused.or(error).unwrap_or_default().to_owned();
    Ok((output.status.code().unwrap_or(-1), said))
}

fn judge(
    problem: &Problem,
    answer: &Answer,
    variant: Variant,
    report: Option<&Report>,
    code: i32,
    said: String,
    seconds: f64,
) -> Run {
    let verdict = report.map(|report| report.verdict);
    let mut run = Run {
        problem: problem.id.clone(),
        variant,
        seconds,
        verdict,
        right: code == 0,
        field: None,
        right_field: true,
        holder: None,
        right_holder: true,
        holder_named: true,
        rate: None,
        undecided: false,
        said,
    };
    match variant {
        Variant::Healed => {}
        Variant::Innocent => {
            run.right &= verdict.is_some_and(|verdict| answer.verdicts.contains(&verdict));
        }
        Variant::Leaky => {
            let first = report.and_then(|report| report.fields.first());
            run.right = code == 1 && verdict == Some(Verdict::Leak);
            run.field = first.and_then(|first| first.field.clone());
            run.right_field = run.field.is_some() && run.field == answer.field;
            run.rate = first.map(|first| [first.rate.bytes, first.rate.low, first.rate.high]);
            let holders = report.map(holders).unwrap_or_default();
            let right = answer.holder.as_deref().unwrap_or("no answer");
            // An answer may name a module, of which any task will do.
            let is_right = |found: &String| found == right || found.starts_with(&format!("{right}::"));
            run.right_holder = holders.first().is_some_and(is_right);
            run.holder_named = holders.iter().any(is_right);
            run.holder = holders.into_iter().next();
        }
    }
    if run.said.is_empty() {
        run.said = describe(&run);
    }
    run
}

fn describe(run: &Run) -> String {
    let verdict = run.verdict.map_or_else(|| "no report".to_owned(), name);
    match run.variant {
        Variant::Leaky => format!(
            "{verdict} {} <- {}",
            run.field.as_deref().unwrap_or("no field"),
            run.holder.as_deref().unwrap_or("nobody known")
        ),
        _ => verdict,
    }
}

/// What the first three paths of the first holders in a report end at.
fn holders(report: &Report) -> Vec<String> {
    let holders = report.sites.iter().find_map(|site| site.holders.as_ref());
    let paths = holders.into_iter().flat_map(|holders| &holders.paths);
    paths
        .take(3)
        .map(|path| render::holders::root(&path.root))
        .collect()
}

fn answer(problem: &Problem) -> Result<Answer> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(problem.folder())
        .join("answer.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
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

/// A row for each problem and variant.
fn table(problems: &[Problem], runs: &[Run]) -> Result<String> {
    let mut rows: BTreeMap<(&str, Variant), Vec<&Run>> = BTreeMap::new();
    for run in runs {
        rows.entry((&run.problem, run.variant)).or_default().push(run);
    }
    let mut text = String::from(
        "| problem | variant | runs | found | right field | right holder first | of the first three | false alarms | tried again | verdicts | bytes per unit | counted | seconds |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |\n",
    );
    for ((problem, variant), runs) in &rows {
        let of = problems
            .iter()
            .find(|found| found.id == *problem)
            .ok_or("a run of no problem")?;
        let count = |what: &dyn Fn(&Run) -> bool| runs.iter().filter(|run| what(run)).count();
        let (leaky, total) = (*variant == Variant::Leaky, runs.len());
        let figure = |count: usize, shown: bool| {
            if shown {
                format!("{count} of {total}")
            } else {
                String::new()
            }
        };
        writeln!(
            text,
            "| {problem} | {} | {total} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            variant.name(),
            figure(count(&|run| run.right), leaky),
            figure(count(&|run| run.right_field), leaky),
            figure(count(&|run| run.right_holder), leaky),
            figure(count(&|run| run.holder_named), leaky),
            figure(count(&|run| !run.right), !leaky),
            count(&|run| run.undecided),
            verdicts(runs),
            rate(runs),
            if leaky {
                counted(&answer(of)?)
            } else {
                String::new()
            },
            spread(runs.iter().map(|run| run.seconds).collect()),
        )?;
    }
    Ok(text)
}

/// Each verdict, and how often there was more than one.
fn verdicts(runs: &[&Run]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for run in runs {
        *counts
            .entry(run.verdict.map_or_else(|| "none".to_owned(), name))
            .or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(verdict, count)| format!("{verdict} {count}"))
        .collect();
    counts.join(", ")
}

fn name(verdict: Verdict) -> String {
    format!("{verdict:?}").to_lowercase()
}

fn rate(runs: &[&Run]) -> String {
    spread(
        runs.iter()
            .filter_map(|run| run.rate)
            .map(|rate| rate[0])
            .collect(),
    )
}

/// What the answer says, counted by the allocator.
fn counted(answer: &Answer) -> String {
    let rate = answer.rest.iter().find(|(key, _)| key.starts_with("bytes_per_"));
    rate.and_then(|(_, bytes)| bytes.as_integer())
        .map_or_else(String::new, |bytes| bytes.to_string())
}

/// The median, and the least and the most where there are several.
fn spread(mut figures: Vec<f64>) -> String {
    figures.sort_by(f64::total_cmp);
    match figures[..] {
        [] => String::new(),
        [only] => format!("{only:.0}"),
        [least, .., most] => format!("{:.0} ({least:.0} .. {most:.0})", figures[figures.len() / 2]),
    }
}
