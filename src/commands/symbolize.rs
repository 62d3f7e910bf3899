//! `leaklab symbolize < SNAPSHOT`: the part of a snapshot's reading that needs the binary's line tables, for programs.
//!
//! A service that is being measured starts it, rather than reading its own line tables, and asks for its live heap by a
//! key. And whoever sends snapshots to a backend that does not have the binary lets it fill the names in.

use std::io::{IsTerminal as _, Read as _, Write as _, stdin, stdout};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use heap_profile::{LiveHeap, LiveHeapKey, MAX_DECODED_BYTES, Profile, live_heap, live_heap_named};

use super::snapshot_file::{Source, explain};

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
    #[command(flatten)]
    source: Source,
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

/// Reads a snapshot from stdin; prints its live heap, or the snapshot with its names.
///
/// # Errors
/// Where stdin is no snapshot, or the binary that took it is not there.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.by.is_none() && stdout().is_terminal() {
        bail!(
            "the snapshot with its names is not for a terminal\nhint: `> FILE.pb.gz`, or `--by type` for text"
        );
    }
    let profile = read()?;
    match args.by {
        Some(key) => {
            let heap = read_heap(&profile, key.into(), &args)?;
            let json = serde_json::to_string(&heap).context("cannot write the live heap as JSON")?;
            stdout().write_all((json + "\n").as_bytes())?;
        }
        None => {
            let named = args.source.symbolizer().name(&profile);
            let bytes = named.and_then(|named| named.encode());
            stdout().write_all(&bytes.map_err(|error| explain(STDIN, &error))?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Without names where they are not needed: the binary may then be anywhere.
fn read_heap(profile: &Profile, key: LiveHeapKey, args: &Args) -> anyhow::Result<LiveHeap> {
    let heap = if key.needs_names() {
        let symbolized = args.source.symbolizer().symbolize(profile);
        symbolized.and_then(|symbolized| live_heap_named(&symbolized, key, args.first))
    } else {
        live_heap(profile, key, args.first)
    };
    heap.map_err(|error| explain(STDIN, &error))
}

fn read() -> anyhow::Result<Profile> {
    if stdin().is_terminal() {
        bail!("stdin is a terminal, expected a snapshot\nhint: `< FILE.pb.gz`");
    }
    let mut bytes = Vec::new();
    // One more than the library takes, so that it is the library that refuses.
    let mut bounded = stdin().lock().take(MAX_DECODED_BYTES as u64 + 1);
    bounded.read_to_end(&mut bytes).context("cannot read stdin")?;
    Profile::decode(&bytes).map_err(|error| explain(STDIN, &error))
}
