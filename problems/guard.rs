//! The memory limit: who keeps the latest figure, and the gate in front of each problem's fields.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_graphql::{Context, Error, ErrorExtensions, Guard, Result};

use crate::Lab;

/// The limit of live heap, and the latest look at it. Whoever measures calls [`observe`](Self::observe).
///
/// Clones share their figures.
#[derive(Clone, Debug)]
pub struct MemoryGuard {
    limit: u64,
    live: Arc<AtomicU64>,
}

impl MemoryGuard {
    /// A guard for `limit` bytes; nothing has been looked at yet.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            live: Arc::default(),
        }
    }

    /// Notes how many bytes are live now.
    pub fn observe(&self, live: u64) {
        self.live.store(live, Ordering::Relaxed);
    }

    /// Whether the latest look was past the limit.
    pub fn exceeded(&self) -> bool {
        self.live() > self.limit
    }

    /// The limit in bytes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// What was live at the latest look, in bytes.
    pub fn live(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }
}

/// Stands before each field of a problem: counts the calls, and refuses them past the memory limit.
pub struct Gate {
    number: u8,
    counts: bool,
}

impl Gate {
    /// The gate of the field that a request asks for.
    pub fn of(number: u8) -> Self {
        Self { number, counts: true }
    }

    /// The gate of a field below or beside it, which is not what is asked for: those are not counted.
    pub fn below(number: u8) -> Self {
        Self {
            number,
            counts: false,
        }
    }
}

impl Guard for Gate {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        let lab = ctx.data::<Lab>()?;
        let Some(problem) = lab
            .problems()
            .iter()
            .find(|problem| problem.number == self.number)
        else {
            return Ok(());
        };
        if lab.guard().exceeded() {
            return Err(over_limit(lab));
        }
        if self.counts {
            problem.count_call();
        }
        Ok(())
    }
}

/// Which problem holds most is not known; the one that was called most is the one to begin with.
fn over_limit(lab: &Lab) -> Error {
    let (live, limit) = (lab.guard().live(), lab.guard().limit());
    let busiest = lab.problems().iter().max_by_key(|problem| problem.calls());
    let message = format!(
        "{} of heap are live, past the limit of {}; \
         hint: run the admin mutation resetProblem(id: \"{}\") for the problems you called, or restart the service",
        mebibytes(live),
        mebibytes(limit),
        busiest.map_or("", |problem| &problem.id),
    );
    Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", "MEMORY_LIMIT");
        extensions.set("live", live);
        extensions.set("limit", limit);
    })
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
