//! `cargo bench --bench drivers`: leaklab's driver beside wrk and autocannon, on one lab.
//!
//! The drivers take turns, round after round, so that whatever else the machine does meets all
//! of them. Printed are ratios from one run, with their spread over the rounds; nothing is
//! asserted. Two endpoints:
//!
//! - `light`: POST of `{ __typename }` to `/graphql`, about the least that the lab can answer,
//!   so that the driver's own cost shows;
//! - `hello`: GET of `/problem/00hello`, reset after each turn, since it keeps what it greets.
//!   Its figure is the requests per second of the `hello` field.
//!
//! wrk is taken from the path (Debian: `wrk`), autocannon from npm, into `target/autocannon`.
//! A tool that is not there is said so, and left out. `--rounds N` and `--seconds N` change the
//! length.

mod lab;
mod tools;

use lab::Lab;
use tools::{Endpoint, Tool};

const ROUNDS: usize = 5;
const SECONDS: u64 = 3;
const CONNECTIONS: usize = 100;

/// One comparison: an endpoint at a depth of pipelining.
struct Bench {
    name: &'static str,
    endpoint: Endpoint,
    pipelining: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (rounds, seconds) = (
        flag("--rounds").unwrap_or(ROUNDS),
        flag("--seconds").unwrap_or(SECONDS),
    );
    let lab = Lab::start()?;
    let tools = Tool::available();
    println!(
        "{rounds} rounds of {seconds} s for each driver, {CONNECTIONS} connections, {}",
        lab.public
    );
    for bench in benches(&lab) {
        let mut rates = vec![Vec::new(); tools.len()];
        for _ in 0..rounds {
            for (tool, rates) in tools.iter().zip(&mut rates) {
                rates.push(tool.run(&bench.endpoint, CONNECTIONS, bench.pipelining, seconds)?);
                lab.reset_hello()?;
            }
        }
        print(&bench, &tools, &rates);
    }
    Ok(())
}

fn benches(lab: &Lab) -> Vec<Bench> {
    let light = Endpoint::post(format!("{}/graphql", lab.public), r#"{"query":"{ __typename }"}"#);
    let hello = Endpoint::get(format!("{}/problem/00hello", lab.public));
    let mut benches = Vec::new();
    for pipelining in [1, 10] {
        benches.push(Bench {
            name: "light",
            endpoint: light.clone(),
            pipelining,
        });
        benches.push(Bench {
            name: "hello",
            endpoint: hello.clone(),
            pipelining,
        });
    }
    benches
}

fn print(bench: &Bench, tools: &[Tool], rates: &[Vec<f64>]) {
    println!("\n{} at a pipelining of {}", bench.name, bench.pipelining);
    for (tool, rates) in tools.iter().zip(rates) {
        println!(
            "  {:<12} {}",
            tool.name(),
            Spread::of(rates).show(0, " requests/s")
        );
    }
    // The first tool is leaklab; a ratio compares turns of the same round.
    for (tool, others) in tools.iter().zip(rates).skip(1) {
        let ratios: Vec<f64> = rates[0]
            .iter()
            .zip(others)
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        println!(
            "  leaklab / {:<10} {}",
            tool.name(),
            Spread::of(&ratios).show(2, "")
        );
    }
}

/// The median and the ends of a few figures.
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    fn of(figures: &[f64]) -> Self {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self {
            median: at(sorted.len() / 2),
            min: at(0),
            max: at(sorted.len().saturating_sub(1)),
        }
    }

    fn show(&self, digits: usize, unit: &str) -> String {
        let Self { median, min, max } = self;
        format!("{median:.digits$}{unit} ({min:.digits$} .. {max:.digits$})")
    }
}

/// The value of a flag; cargo's own flags, such as `--bench`, are passed over.
fn flag<T: std::str::FromStr>(name: &str) -> Option<T> {
    let mut args = std::env::args().skip_while(|arg| arg != name);
    args.nth(1)?.parse().ok()
}
