//! `leaklab flame FILE|ID`: a snapshot as a flame graph.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use heap_profile::render;

use super::snapshot_file::{Source, explain};

/// Flags of `leaklab flame`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The snapshot: a file, or the id of a snapshot in the folder
    #[arg(value_name = "FILE|ID")]
    snapshot: String,
    #[command(flatten)]
    source: Source,
    /// Where to write the SVG; stdout by default
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Draws the live heap of one snapshot.
///
/// # Errors
/// Where the snapshot cannot be read, the binary that took it is not there, or the output cannot be written.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (name, profile) = args.source.read(&args.snapshot)?;
    let symbolized = args
        .source
        .symbolizer()
        .symbolize(&profile)
        .map_err(|error| explain(&name, &error))?;
    let svg = render::flame_graph(&symbolized, &name).map_err(|error| explain(&name, &error))?;
    match &args.output {
        Some(path) => {
            std::fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))?;
            eprintln!("wrote {}", path.display());
        }
        None => std::io::stdout().write_all(svg.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
