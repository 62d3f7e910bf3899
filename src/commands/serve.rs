//! `leaklab serve`: the bookshop and its admin door.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use bytesize::ByteSize;
use clap::builder::FalseyValueParser;
use heap_recorder::{LEAST_INTERVAL, MOST_INTERVAL};

use crate::env_vars;
use crate::server::{Options, PublicSchema, Server};

/// Where the bookshop listens unless told.
pub const DEFAULT_ADDR: &str = "127.0.0.1:3000";
/// Where the admin door listens unless told.
pub const DEFAULT_ADMIN_ADDR: &str = "127.0.0.1:3001";
/// Where snapshots go unless told.
pub const DEFAULT_SNAPSHOTS: &str = "./snapshots";

/// Flags of `leaklab serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the bookshop listens; port 0 takes a free one
    #[arg(long, env = env_vars::ADDR, default_value = DEFAULT_ADDR)]
    addr: SocketAddr,
    /// Where the admin door listens; beyond loopback only with --admin-token
    #[arg(long, env = env_vars::ADMIN_ADDR, default_value = DEFAULT_ADMIN_ADDR)]
    admin_addr: SocketAddr,
    /// Bearer token that the admin door asks for
    #[arg(long, env = env_vars::ADMIN_TOKEN, hide_env_values = true, value_name = "TOKEN")]
    admin_token: Option<String>,
    /// SQLite file of the bookshop, made if it is not there; in memory by default
    #[arg(long, env = env_vars::DATABASE, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Live heap past which problems refuse to grow; by default 2 GiB, or half of the memory there is if that is less
    #[arg(long, env = env_vars::MEMORY_LIMIT, value_name = "SIZE", value_parser = memory_limit)]
    memory_limit: Option<ByteSize>,
    /// Draw the memory on stderr every five seconds: live `=`, held by the allocator `-`, resident beyond it `_`
    #[arg(long, env = env_vars::MEMORY_BAR, value_parser = FalseyValueParser::new())]
    memory_bar: bool,
    /// Mean number of allocated bytes from one sample to the next: a power of two, such as 16KiB. Finer shows smaller
    /// growth sooner, and costs more
    #[arg(long, env = env_vars::SAMPLE_INTERVAL, value_name = "SIZE", value_parser = sample_interval)]
    sample_interval: Option<ByteSize>,
    /// Have each field label what it allocates, in loaders and tasks too; it costs a part of the engine's speed
    #[arg(long, env = env_vars::FIELD_LABELS, value_parser = FalseyValueParser::new())]
    field_labels: bool,
    /// End when stdin does: for programs that start a service of their own, and may be killed
    #[arg(long)]
    until_stdin_ends: bool,
    /// Folder of the snapshots
    #[arg(long, env = env_vars::SNAPSHOTS, default_value = DEFAULT_SNAPSHOTS, value_name = "DIR")]
    snapshots: PathBuf,
    /// Most snapshots that are kept; older ones make room
    #[arg(long, env = env_vars::SNAPSHOT_COUNT, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    snapshot_count: u32,
    /// Most bytes that the kept snapshots may take
    #[arg(long, env = env_vars::SNAPSHOT_BYTES, default_value = "1GiB", value_name = "SIZE", value_parser = room)]
    snapshot_bytes: ByteSize,
}

/// Serves until SIGINT or SIGTERM.
///
/// # Errors
/// Where a door cannot be opened, or the database cannot be made or read.
pub fn run<S: PublicSchema>(args: Args) -> anyhow::Result<ExitCode> {
    let server = Server::bind(args.into_options())?;
    // What scripts read: where the doors are, once both are open.
    let doors = format!(
        "public http://{}\nadmin http://{}\n",
        server.public_addr(),
        server.admin_addr()
    );
    if let Err(error) = std::io::stdout().write_all(doors.as_bytes()) {
        // A reader that has left, as in `leaklab | head -1`, does not end the service.
        tracing::warn!("stdout does not take the doors' addresses: {error}");
    }
    server.run::<S>()?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn into_options(self) -> Options {
        Options {
            addr: self.addr,
            admin_addr: self.admin_addr,
            admin_token: self.admin_token,
            database: self.database,
            memory_limit: self.memory_limit.map(|size| size.as_u64()),
            memory_bar: self.memory_bar,
            sample_interval: self.sample_interval.map(|size| size.as_u64()),
            field_labels: self.field_labels,
            until_stdin_ends: self.until_stdin_ends,
            snapshots: self.snapshots,
            snapshot_count: self.snapshot_count,
            snapshot_bytes: self.snapshot_bytes.as_u64(),
        }
    }
}

pub(super) fn sample_interval(text: &str) -> Result<ByteSize, String> {
    let range = LEAST_INTERVAL..=MOST_INTERVAL;
    match text.parse::<ByteSize>() {
        Ok(size) if size.as_u64().is_power_of_two() && range.contains(&size.as_u64()) => Ok(size),
        _ => Err(format!(
            "not a power of two from {LEAST_INTERVAL} to {MOST_INTERVAL} bytes, such as 16KiB or 65536"
        )),
    }
}

/// Least memory limit: what the service itself, idle, has live.
const LEAST_MEMORY_LIMIT: ByteSize = ByteSize::mib(1);

/// What a lab of one's own would be told by its environment, better said before there is one.
///
/// # Errors
/// Where that means nothing.
pub(super) fn check_environment() -> anyhow::Result<()> {
    let limit = std::env::var(env_vars::MEMORY_LIMIT).ok();
    let wrong = limit.and_then(|limit| Some((memory_limit(&limit).err()?, limit)));
    wrong.map_or(Ok(()), |(reason, limit)| {
        Err(anyhow!("{}={limit}: {reason}", env_vars::MEMORY_LIMIT))
    })
}

fn memory_limit(text: &str) -> Result<ByteSize, String> {
    match size(text) {
        Ok(size) if size >= LEAST_MEMORY_LIMIT => Ok(size),
        Ok(size) => Err(format!(
            "{size} is less than the least, {LEAST_MEMORY_LIMIT}; such as 512MiB or 2GiB"
        )),
        Err(error) => Err(error),
    }
}

fn room(text: &str) -> Result<ByteSize, String> {
    match size(text) {
        Ok(size) if size.as_u64() == 0 => Err("no snapshot fits into nothing; such as 1GiB".to_owned()),
        size => size,
    }
}

fn size(text: &str) -> Result<ByteSize, String> {
    text.parse()
        .map_err(|_| "not a size, such as 512MiB or 2GiB".to_owned())
}
