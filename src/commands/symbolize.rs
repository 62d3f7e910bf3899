//! `leaklab symbolize < SNAPSHOT`: the part of a snapshot's reading that needs the binary's line tables, for programs.
//!
//! A service that is being measured starts it, rather than reading its own line tables, and asks for its live heap by a
//! key, or for names of what a reference scan found. And whoever sends snapshots to a backend that does not have the binary lets it fill the names in.

use std::io::{IsTerminal as _, Read as _, Write as _, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use heap_profile::holders::ReferenceGraph;
use heap_profile::{LiveHeap, LiveHeapKey, MAX_DECODED_BYTES, Profile, live_heap, live_heap_named};

use super::snapshot_file::{explain, symbolizer};

/// How the errors call what was read.
const STDIN: &str = "stdin";
const DEFAULT_FIRST: usize = 20;

/// Flags of `leaklab symbolize`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the live heap by this key, as JSON, instead of the snapshot with its names
    #[arg(long, value_enum, value_name = "KEY")]
    by: Option<Key>,
    /// How many rows to print
    #[arg(long, default_value_t = DEFAULT_FIRST, value_name = "N", requires = "by")]
    first: usize,
    /// The binary that took the snapshot, if it is not where that says
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Read what findHolders { graph } told, and print who holds it, as JSON
    #[arg(long, conflicts_with = "by")]
    holders: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Key {
    /// `Parent.field`, from its resolver's frames, checked against the snapshot's schema
    Field,
    /// What was allocated
    Type,
    /// The stack's number in the snapshot, with its frames
    Stack,
    /// The GraphQL operation
    Operation,
    /// Between which two snapshots it was allocated
    Cohort,
}

impl From<Key> for LiveHeapKey {
    fn from(key: Key) -> LiveHeapKey {
        match key {
            Key::Field => LiveHeapKey::Field,
            Key::Type => LiveHeapKey::Type,
            Key::Stack => LiveHeapKey::Stack,
            Key::Operation => LiveHeapKey::Operation,
            Key::Cohort => LiveHeapKey::Cohort,
        }
    }
}

/// Reads a snapshot from stdin; prints its live heap, or the snapshot with its names. Or reads what a reference scan
/// found, and prints it with its names.
///
/// # Errors
/// Where stdin is no such thing, or the binary that took it is not there.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.holders {
        return name_holders(&args);
    }
    if args.by.is_none() && stdout().is_terminal() {
        bail!(
            "the snapshot with its names is not for a terminal\nhint: `> FILE.pb.gz`, or `--by type` for text"
        );
    }
    let bytes = read("a snapshot", "FILE.pb.gz")?;
    let profile = Profile::decode(&bytes).map_err(|error| explain(STDIN, &error))?;
    match args.by {
        Some(key) => {
            let heap = read_heap(&profile, key.into(), &args)?;
            let json = serde_json::to_string(&heap).context("cannot write the live heap as JSON")?;
            stdout().write_all((json + "\n").as_bytes())?;
        }
        None => {
            let named = symbolizer(args.binary.as_deref()).name(&profile);
            let bytes = named.and_then(|named| named.encode());
            stdout().write_all(&bytes.map_err(|error| explain(STDIN, &error))?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Without names where they are not needed: the binary may then be anywhere.
fn read_heap(profile: &Profile, key: LiveHeapKey, args: &Args) -> anyhow::Result<LiveHeap> {
    let heap = if key.needs_names() {
        let symbolized = symbolizer(args.binary.as_deref()).symbolize(profile);
        symbolized.and_then(|symbolized| live_heap_named(&symbolized, key, args.first))
    } else {
        live_heap(profile, key, args.first)
    };
    heap.map_err(|error| explain(STDIN, &error))
}

fn name_holders(args: &Args) -> anyhow::Result<ExitCode> {
    let bytes = read("a reference graph", "GRAPH.json")?;
    let graph = String::from_utf8(bytes).context("stdin is no reference graph: it is not UTF-8")?;
    let named = ReferenceGraph::from_json(&graph)
        .and_then(|graph| symbolizer(args.binary.as_deref()).holders(&graph));
    let named = named.map_err(|error| explain(STDIN, &error))?;
    let json = serde_json::to_string(&named).context("cannot write the holders as JSON")?;
    stdout().write_all((json + "\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn read(expected: &str, file: &str) -> anyhow::Result<Vec<u8>> {
    if stdin().is_terminal() {
        bail!("stdin is a terminal, expected {expected}\nhint: `< {file}`");
    }
    let mut bytes = Vec::new();
    // One more than the library takes, so that it is the library that refuses.
    let mut bounded = stdin().lock().take(MAX_DECODED_BYTES as u64 + 1);
    bounded.read_to_end(&mut bytes).context("cannot read stdin")?;
    Ok(bytes)
}
