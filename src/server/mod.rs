//! The two doors and what runs beside them.
//!
//! - [`public`]: the bookshop, on the main runtime
//! - `admin`: the admin schema, on a thread and runtime of its own, so that it answers while
//!   the public side is saturated
//! - [`handover`]: passes a request's label on to loaders, tasks and the database thread
//! - [`watch`]: looks at the memory: guard, growth in the log, the bar
//! - [`signals`]: SIGINT and SIGTERM end the service, SIGUSR2 takes a snapshot

pub mod admin;
pub mod handover;
pub mod public;
pub mod signals;
pub mod watch;

pub use public::PublicSchema;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use axum::serve::ListenerExt as _;
use bytesize::ByteSize;
use heap_admin::door::Hosts;
use heap_admin::{HeapAdmin, Recorder};
use heap_recorder::{Recording, Unwinder};
use problems::shop::{Bookshop, Location};
use problems::{Lab, MemoryGuard};
use tokio::runtime::Runtime;
use tokio::sync::watch::{Receiver, channel};

/// Memory guard unless told, in bytes, where the machine has twice as much.
pub const DEFAULT_MEMORY_LIMIT: u64 = 2 << 30;
/// How long open connections may take to end once the service is told to.
const DRAIN: Duration = Duration::from_secs(3);

/// What `leaklab serve` was asked to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the public door.
    pub addr: SocketAddr,
    /// Address of the admin door.
    pub admin_addr: SocketAddr,
    /// Bearer token of the admin door. Needed beyond loopback.
    pub admin_token: Option<String>,
    /// SQLite file; in memory where there is none.
    pub database: Option<PathBuf>,
    /// Live heap past which problems refuse to grow, in bytes; [`default_memory_limit`] where there is none.
    pub memory_limit: Option<u64>,
    /// Whether to draw the memory on stderr.
    pub memory_bar: bool,
    /// Mean number of allocated bytes from one sample to the next; the allocator's own setting where there is none.
    pub sample_interval: Option<u64>,
    /// Whether fields label what they allocate.
    pub field_labels: bool,
    /// Whether to end when stdin does: when whoever started the service is gone.
    pub until_stdin_ends: bool,
    /// Folder of the snapshots.
    pub snapshots: PathBuf,
    /// Most snapshots kept.
    pub snapshot_count: u32,
    /// Most bytes that kept snapshots may take.
    pub snapshot_bytes: u64,
}

/// Both doors, bound and ready to serve.
pub struct Server {
    public: TcpListener,
    public_addr: SocketAddr,
    admin: TcpListener,
    admin_addr: SocketAddr,
    options: Options,
    memory_limit: u64,
    recorder: Recorder,
    bookshop: Bookshop,
    runtime: Runtime,
    signals: signals::Signals,
}

/// Turns true once, when the service is told to end.
pub type Shutdown = Receiver<bool>;

impl Server {
    /// Opens the database and both doors; serves nothing yet.
    ///
    /// # Errors
    /// Where an address is taken or not allowed, or the database cannot be made or read.
    pub fn bind(options: Options) -> anyhow::Result<Self> {
        // First of all: what was sampled before is not in its table.
        let recorder = start_recorder(&options)?;
        check_admin(&options)?;
        let memory_limit = options.memory_limit.map_or_else(default_memory_limit, Ok)?;
        let (public, public_addr) = listen(options.addr, "--addr")?;
        let (admin, admin_addr) = listen(options.admin_addr, "--admin-addr")?;
        let location = options.database.clone().map_or(Location::Memory, Location::File);
        let bookshop = Bookshop::open_with(location, handover::Labelled)
            .map_err(|error| with_hint(&error, error.hint()))?;
        let runtime = Runtime::new().context("the runtime could not be started")?;
        // Before anyone is told where the doors are: a signal may follow at once.
        let signals = {
            let _inside = runtime.enter();
            signals::Signals::listen(options.until_stdin_ends).context("signals cannot be received")?
        };
        Ok(Self {
            public,
            public_addr,
            admin,
            admin_addr,
            options,
            memory_limit,
            recorder,
            bookshop,
            runtime,
            signals,
        })
    }

    /// Address that the public door got.
    pub fn public_addr(&self) -> SocketAddr {
        self.public_addr
    }

    /// Address that the admin door got.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Serves until SIGINT or SIGTERM, then ends in order: no new work, open connections
    /// drained, a snapshot under way finished.
    ///
    /// # Errors
    /// Where a runtime cannot be started or a door fails while it serves.
    pub fn run<S: PublicSchema>(self) -> anyhow::Result<()> {
        log_start(&self);
        let guard = MemoryGuard::new(self.memory_limit);
        let lab = Lab::new(self.bookshop, guard.clone());
        let schema = S::new(&lab, self.options.field_labels);
        let heap = heap_admin(&self.options, self.recorder, &lab, &schema)?;
        let (stop, shutdown) = channel(false);
        let addresses = public::Addresses {
            public: self.public_addr,
            admin: self.admin_addr,
        };
        let door = admin::AdminDoor {
            listener: self.admin,
            addr: self.admin_addr,
            token: self.options.admin_token,
        };
        let admin = admin::start(door, lab.clone(), heap.clone(), shutdown.clone())?;
        watch::start(guard, self.options.memory_bar, shutdown.clone())?;
        let served = self.runtime.block_on(async {
            let serving = public::serve(self.public, addresses, lab, schema, self.recorder, shutdown);
            tokio::pin!(serving);
            tokio::select! {
                failed = &mut serving => failed,
                () = self.signals.serve_until_told_to_end(heap) => {
                    tracing::info!("ending: open connections may finish");
                    stop.send_replace(true);
                    serving.await
                }
            }
        });
        stop.send_replace(true);
        let ended = admin.join().map_err(|_| anyhow!("the admin thread panicked"))?;
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        served.and(ended)
    }
}

/// Serves one door until shutdown: then it takes no new connections, lets requests finish, and
/// cuts off what is not done after [`DRAIN`], such as a slow download.
///
/// Each accepted connection is told to `accepted`.
async fn serve(
    listener: TcpListener,
    app: axum::Router,
    accepted: impl Fn() + Send + 'static,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(move |_| accepted());
    let drained = async {
        told(shutdown.clone()).await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(told(shutdown.clone())) => {
            served.context("a door failed")
        }
        () = drained => Ok(()),
    }
}

/// Ends when the service is told to end.
async fn told(mut shutdown: Shutdown) {
    // An error means that the sender is gone, and with it the service.
    let _ = shutdown.wait_for(|ended| *ended).await;
}

/// Two GiB, or half of what the cgroup or the machine has where that is less.
///
/// # Errors
/// Where the memory figures cannot be read.
pub fn default_memory_limit() -> anyhow::Result<u64> {
    let figures = heap_recorder::memory()?;
    let there_is = figures
        .cgroup_limit
        .unwrap_or(u64::MAX)
        .min(figures.machine_total);
    Ok(DEFAULT_MEMORY_LIMIT.min(there_is / 2))
}

/// Who reaches the admin door can read the heap: beyond loopback, not without a token.
fn check_admin(options: &Options) -> anyhow::Result<()> {
    ensure!(
        options.admin_addr.ip().is_loopback() || options.admin_token.is_some(),
        "the admin door at {} would be open to the network\nhint: give --admin-token, or a loopback address",
        options.admin_addr
    );
    ensure!(
        options.admin_token.as_deref() != Some(""),
        "the admin token is empty\nhint: leave --admin-token out for none"
    );
    Ok(())
}

/// The error as the command line shows it: its message, then what to do.
fn with_hint(error: &dyn std::fmt::Display, hint: Option<&str>) -> anyhow::Error {
    match hint {
        Some(hint) => anyhow!("{error}\nhint: {hint}"),
        None => anyhow!("{error}"),
    }
}

/// On loopback a door has no names but its own; elsewhere it cannot know them.
fn hosts(addr: SocketAddr) -> Hosts {
    if addr.ip().is_loopback() {
        Hosts::Own(addr)
    } else {
        Hosts::Any
    }
}

fn listen(addr: SocketAddr, flag: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let open = || {
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, bound))
    };
    open().map_err(|error| {
        anyhow!(
            "cannot listen on {addr}: {error}\nhint: choose another address with {flag}, port 0 takes a free one"
        )
    })
}

/// Starts the recorder, and has it sample as finely as asked for.
fn start_recorder(options: &Options) -> anyhow::Result<Recorder> {
    let recorder = Recorder::builder().start();
    if let Some(bytes) = options.sample_interval {
        recorder
            .set_sample_interval(bytes)
            .map_err(|error| with_hint(&error, error.hint()))?;
    }
    Ok(recorder)
}

fn heap_admin(
    options: &Options,
    recorder: Recorder,
    lab: &Lab,
    schema: &impl PublicSchema,
) -> anyhow::Result<HeapAdmin> {
    let limits = heap_admin::Limits {
        count: options.snapshot_count as usize,
        bytes: options.snapshot_bytes,
    };
    let quiet = (lab.clone(), schema.clone());
    Ok(HeapAdmin::builder()
        .snapshots(&options.snapshots, limits)
        .quiesce(move || {
            quiet.0.quiesce();
            quiet.1.quiesce();
        })
        .recorder(recorder)
        .schema(schema.sdl())
        .build()?)
}

fn log_start(server: &Server) {
    tracing::info!(
        "this service leaks on purpose; its memory guard stands at {}",
        ByteSize(server.memory_limit)
    );
    let id = std::process::id();
    tracing::info!("process {id}: `kill -USR2 {id}` takes a snapshot");
    if !server.public_addr.ip().is_loopback() {
        tracing::warn!("the bookshop is open to the network at {}", server.public_addr);
    }
    tracing::info!("bookshop: http://{}/graphql", server.public_addr);
    tracing::info!("admin:    http://{}/graphql", server.admin_addr);
    let status = server.recorder.status();
    match (status.hint(), &status.recording) {
        (Some(hint), _) => tracing::warn!("{status}; hint: {hint}"),
        (None, Recording::On(Unwinder::Incomplete(_))) => tracing::warn!("{status}"),
        (None, _) => tracing::info!("{status}"),
    }
    if heap_admin::door::graphiql_source() == heap_admin::door::GraphiqlSource::Cdn {
        tracing::warn!(
            "GraphiQL was not there at build time, its page needs the network; hint: install npm and build again"
        );
    }
}
