//! What a snapshot costs a large service under load: the time of the whole call, what requests feel of it, and what stays.
//!
//! `cargo bench --bench snapshot [-- --rounds N]`. Starts a lab of its own, fills it to a GiB in some hundred thousand live
//! samples, and sends requests at half the peak rate. Each round is a quiet second and a snapshot; latencies of
//! requests that were due during a snapshot are pooled over all rounds, and so are the quiet ones. For comparison a loop of
//! this process takes a core for as long as each snapshot did. Nothing here is a test.

mod lab;
mod requests;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use lab::Lab;
use requests::Sender;

/// What is filled in, in calls of `hello` of some 7 kB each.
const CALLS: usize = 175_000;
/// One sample in 8 KiB on average: of objects of 7 KiB more than half are sampled.
const CONF: &str = "lg_prof_sample:13";
const ROUNDS: usize = 50;
/// The quiet part of a round.
const QUIET: Duration = Duration::from_secs(1);
/// How long the peak is looked for.
const PEAK_SECONDS: u32 = 4;
/// Resamplings for the interval of the ratio.
const RESAMPLINGS: usize = 1000;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Latencies of one round, in microseconds.
#[derive(Default)]
struct Round {
    quiet: Vec<u64>,
    during: Vec<u64>,
    /// How long what was done in it took.
    took: Duration,
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip_while(|arg| arg != "--rounds").skip(1);
    let rounds = args.next().map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let lab = Lab::start(CONF)?;
    lab.load(&["hello", "-c", "50", "-p", "10", "-a", &CALLS.to_string()])?;
    let peak = lab.peak(PEAK_SECONDS)?;
    println!(
        "{:.2} GiB live in {} samples; peak {peak:.0} requests/s",
        lab.live()? as f64 / f64::from(1 << 30),
        lab.samples()?
    );
    // The first snapshot reads the process's mappings, and keeps them.
    lab.take_snapshot()?;
    let before = lab.live()?;
    let (mut snapshots, mut burnt) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let snapshot = round(&lab, peak / 2.0, || lab.take_snapshot())?;
        burnt.push(round(&lab, peak / 2.0, || burn(snapshot.took))?);
        snapshots.push(snapshot);
    }
    let mut calls: Vec<_> = snapshots
        .iter()
        .map(|round| round.took.as_secs_f64() * 1e3)
        .collect();
    calls.sort_by(f64::total_cmp);
    println!(
        "the whole call, of {rounds}: median {:.1} ms, largest {:.1} ms (bound 150)",
        calls[rounds / 2],
        calls[rounds - 1]
    );
    print_latencies("snapshots (bound 1.20)", &snapshots);
    print_latencies("a loop of another process, as long", &burnt);
    println!(
        "live heap: {:+} bytes after {rounds} snapshots, under load",
        lab.live()? as i64 - before as i64
    );
    let before = lab.live()?;
    for _ in 0..100 {
        lab.take_snapshot()?;
    }
    println!(
        "live heap: {:+} bytes after 100 more, at rest",
        lab.live()? as i64 - before as i64
    );
    Ok(())
}

/// A quiet second, then something that may be felt; all the while requests are sent.
fn round(
    lab: &Lab,
    rate: f64,
    disturb: impl FnOnce() -> Result<(), Box<dyn std::error::Error>>,
) -> Result<Round, Box<dyn std::error::Error>> {
    let sender = Sender::start(lab.public(), rate)?;
    std::thread::sleep(QUIET);
    let start = Instant::now();
    disturb()?;
    let end = Instant::now();
    std::thread::sleep(QUIET / 10);
    let mut round = Round {
        took: end - start,
        ..Round::default()
    };
    for (due, latency) in sender.stop()? {
        // By when it was due, not by whether it overlaps: of those that overlap, more are slow in any case.
        let during = (start..end).contains(&due);
        let list = if during {
            &mut round.during
        } else {
            &mut round.quiet
        };
        list.push(latency.as_micros() as u64);
    }
    Ok(round)
}

/// Keeps a core busy, and touches nothing.
fn burn(time: Duration) -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
    Ok(())
}

fn print_latencies(during_what: &str, rounds: &[Round]) {
    let all: Vec<&Round> = rounds.iter().collect();
    let (quiet, during) = (p99(&all, |round| &round.quiet), p99(&all, |round| &round.during));
    let mut ratios: Vec<f64> = (0..RESAMPLINGS)
        .map(|_| {
            let draw = |_| &rounds[fastrand::usize(..rounds.len())];
            let drawn: Vec<&Round> = (0..rounds.len()).map(draw).collect();
            p99(&drawn, |round| &round.during) / p99(&drawn, |round| &round.quiet)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let count = |list: fn(&Round) -> &Vec<u64>| rounds.iter().map(|round| list(round).len()).sum::<usize>();
    println!(
        "p99 latency: {:.2} ms ({} requests), {:.2} ms without ({}): ratio {:.2}, 95 % {:.2} .. {:.2}, during {during_what}",
        during / 1e3,
        count(|round| &round.during),
        quiet / 1e3,
        count(|round| &round.quiet),
        during / quiet,
        ratios[RESAMPLINGS / 40],
        ratios[RESAMPLINGS - 1 - RESAMPLINGS / 40]
    );
}

fn p99(rounds: &[&Round], list: impl Fn(&Round) -> &Vec<u64>) -> f64 {
    let mut all: Vec<u64> = rounds.iter().flat_map(|round| list(round)).copied().collect();
    all.sort_unstable();
    all.get((all.len() * 99 / 100).min(all.len().saturating_sub(1)))
        .map_or(f64::NAN, |micros| *micros as f64)
}
