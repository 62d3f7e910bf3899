//! `leaklab flame FILE|ID [FILE|ID]`: a snapshot as a flame graph, or the difference of two.

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
    /// A later snapshot: then what changed from the one to the other is drawn
    #[arg(value_name = "LATER")]
    later: Option<String>,
    #[command(flatten)]
    source: Source,
    /// Where to write the SVG; stdout by default
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Draws the live heap of one snapshot, or what changed from one to the other.
///
/// # Errors
/// Where a snapshot cannot be read, the binary that took it is not there, the two are of different builds, or the output
/// cannot be written.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut symbolizer = args.source.symbolizer();
    let mut read = |snapshot: &str| {
        let (name, profile) = args.source.read(snapshot)?;
        let symbolized = symbolizer
            .symbolize(&profile)
            .map_err(|error| explain(&name, &error))?;
        anyhow::Ok((name, symbolized))
    };
    let (name, first) = read(&args.snapshot)?;
    let svg = match &args.later {
        None => render::flame_graph(&first, &name).map_err(|error| explain(&name, &error))?,
        Some(later) => {
            let (later, last) = read(later)?;
            let title = format!("{name} to {later}");
            render::flame_difference(&first, &last, &title)
                .map_err(|error| explain("cannot compare", &error))?
        }
    };
    match &args.output {
        Some(path) => {
            std::fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))?;
            eprintln!("wrote {}", path.display());
        }
        None => std::io::stdout().write_all(svg.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
