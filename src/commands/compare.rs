//! `leaklab compare A B [C ...]`: what grew between snapshots, and where it was allocated.

use std::io::Write as _;
use std::process::ExitCode;

use heap_profile::{Comparison, ComparisonKey, Origin, Profile, Site, Symbolized, compare, render};

use super::snapshot_file::{Source, explain};
use crate::load::table::one_line;

/// Flags of `leaklab compare`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshots, oldest first: files, or ids of snapshots in the folder
    #[arg(required = true, num_args = 2.., value_name = "FILE|ID")]
    snapshots_to_compare: Vec<String>,
    #[command(flatten)]
    source: Source,
    /// What to tell it by
    #[arg(long, value_enum, default_value_t = Key::Site, value_name = "KEY")]
    by: Key,
    /// How many rows to show
    #[arg(long, default_value_t = 20, value_name = "N")]
    first: usize,
    /// How to show them; JSON has the rows by every key
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Key {
    /// The line that allocated
    Site,
    /// The GraphQL field, `Parent.field`
    Field,
    /// The GraphQL operation
    Operation,
    /// What was allocated
    Type,
    /// Between which two snapshots it was allocated
    Cohort,
    /// A function with all that it called: for growth that is spread over many call sites
    Ancestor,
}

impl From<Key> for ComparisonKey {
    fn from(key: Key) -> ComparisonKey {
        match key {
            Key::Site => ComparisonKey::Site,
            Key::Field => ComparisonKey::Field,
            Key::Operation => ComparisonKey::Operation,
            Key::Type => ComparisonKey::Type,
            Key::Cohort => ComparisonKey::Cohort,
            Key::Ancestor => ComparisonKey::Ancestor,
        }
    }
}

/// Prints the rows on stdout, those that grew most first.
///
/// # Errors
/// Where a snapshot cannot be read, or the binary that took it is not there, or they come from different binaries.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let read = |each: &String| args.source.read(each);
    let profiles = args
        .snapshots_to_compare
        .iter()
        .map(read)
        .collect::<anyhow::Result<Vec<_>>>()?;
    if !profiles.is_sorted_by_key(|(_, profile)| profile.time_nanos) {
        eprintln!("warning: the snapshots are not in the order in which they were taken");
        eprintln!("hint: name the oldest first");
    }
    let symbolized = symbolize(&profiles, &args.source)?;
    let named: Vec<(&str, &Symbolized)> = symbolized.iter().map(|(name, each)| (*name, each)).collect();
    let comparison = compare(&named).map_err(|error| explain("cannot compare", &error))?;
    if !comparison.sites.is_empty() && comparison.sites.iter().all(is_nameless) {
        eprintln!("warning: the binary has no names for any call site");
        eprintln!("hint: build it with `debug = 1` in its release profile, and do not strip it");
    }
    for note in &comparison.notes {
        eprintln!("note: {}", one_line(note));
    }
    std::io::stdout().write_all(show(&comparison, &args).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn show(comparison: &Comparison, args: &Args) -> String {
    let first = args.first;
    match (args.format, args.by) {
        (Format::Table, Key::Site) => render::table(comparison, first),
        (Format::Table, key) => render::view_table(comparison, key.into(), first),
        (Format::Json, _) => render::json(comparison, first) + "\n",
        (Format::Markdown, Key::Site) => render::markdown(comparison, first),
        (Format::Markdown, key) => render::view_markdown(comparison, key.into(), first),
    }
}

fn is_nameless(site: &Site) -> bool {
    site.origin == Origin::Unknown
}

fn symbolize<'a>(
    profiles: &'a [(String, Profile)],
    source: &Source,
) -> anyhow::Result<Vec<(&'a str, Symbolized)>> {
    // Before any binary is opened: of two builds, one at least could not be found.
    let named = profiles.iter().map(|(name, profile)| (name.as_str(), profile));
    Profile::same_binary(named.clone()).map_err(|error| explain("cannot compare", &error))?;
    let mut symbolizer = source.symbolizer();
    named
        .map(|(name, profile)| {
            let symbolized = symbolizer
                .symbolize(profile)
                .map_err(|error| explain(name, &error))?;
            Ok((name, symbolized))
        })
        .collect()
}
