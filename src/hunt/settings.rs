//! What was asked for.

use std::path::PathBuf;
use std::time::Duration;

use heap_profile::hunt::{Baseline, Threshold, Unit};

use crate::load::{Operation, Shape};

/// Connections under load: enough to keep a service busy, and few enough that what is under way is little.
pub const DEFAULT_CONNECTIONS: usize = 16;
/// Requests under way on each connection.
pub const DEFAULT_PIPELINING: usize = 4;
/// How long a rung of the first look lasts.
pub const DEFAULT_RUNG: Duration = Duration::from_secs(2);
/// How long a hunt may take.
pub const DEFAULT_BUDGET: Duration = Duration::from_secs(60);
/// The sampling interval of a lab of the hunt's own: finer than the service's default, since a hunt is short.
pub const DEFAULT_SAMPLE_INTERVAL: &str = "16KiB";
/// Bytes that a planted control grows by with each request.
pub const DEFAULT_CONTROL: &str = "256";
/// Of how many leaking sites it is asked who holds their objects.
pub const DEFAULT_HOLDERS: usize = 3;
/// Where hunts leave their evidence, each in a folder of its own.
pub const DEFAULT_FOLDER: &str = "./hunts";

/// What is hunted, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the report calls it: a problem's id, or the operation's file.
    pub subject: String,
    /// The operation that is put under load.
    pub operation: Operation,
    /// The service.
    pub service: Service,
    /// Whether hosts other than this machine are fine.
    pub allow_remote: bool,
    /// What the clients do.
    pub shape: Shape,
    /// With [`Shape::Stalled`]: an operation to POST meanwhile, so that there are events.
    pub trigger: Option<Operation>,
    /// Connections that are open at a time.
    pub connections: usize,
    /// Requests that may be under way on a connection.
    pub pipelining: usize,
    /// Requests per second; `None`: as many as are answered.
    pub rate: Option<f64>,
    /// How long a rung of the first look lasts at most.
    pub rung: Duration,
    /// How long all of it may take.
    pub budget: Duration,
    /// Growth below this is none.
    pub threshold: Threshold,
    /// Bytes that the service shall leak with each request, to see that the hunt finds them.
    pub control: Option<u64>,
    /// Of how many leaking sites it is asked who holds their objects; 0: of none.
    pub holders: usize,
    /// The sites that are known already.
    pub baseline: Option<Baseline>,
    /// The folder for the evidence; it must not hold a hunt yet.
    pub folder: PathBuf,
    /// Whether the service keeps its own copies of the snapshots.
    pub keep_snapshots: bool,
}

impl Settings {
    /// What growth is divided by.
    pub(super) fn unit(&self) -> Unit {
        match self.shape {
            Shape::Requests => Unit::Request,
            Shape::Connections => Unit::Connection,
            Shape::HangUps => Unit::CancelledRequest,
            // Who does not read is told of the first events alone: what is counted is what brings them about.
            Shape::Stalled if self.trigger.is_some() => Unit::Request,
            Shape::Stalled => Unit::Event,
        }
    }

    /// Whether the load is one of few requests, that stay.
    pub(super) fn has_few_requests(&self) -> bool {
        self.shape == Shape::Stalled && self.trigger.is_none()
    }
}

/// The service that is hunted.
#[derive(Debug, Clone)]
pub enum Service {
    /// A lab that is started for the hunt, and ended after it.
    OwnLab {
        /// The mean number of bytes between its samples.
        sample_interval: u64,
    },
    /// A server that runs already.
    Running {
        /// Address of its GraphQL endpoint, or the address that it is below.
        target: String,
        /// Base address of its admin door.
        admin: String,
        /// What that door asks for.
        token: Option<String>,
    },
}
