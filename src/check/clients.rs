//! Clients of a problem that do what its manifest says, but few of them.

use std::time::Duration;

use problems::Problem;

use super::door::PublicDoor;
use super::{Error, Refusal};
use crate::load::{self, Bound, Plan, Progress, recipe};

/// How many there are, each with one request at a time.
pub(super) const CLIENTS: usize = 4;

/// Those who ask for a while; they go when it is dropped.
pub(super) struct Clients(Progress);

impl Clients {
    pub(super) fn ask_for(door: &PublicDoor, problem: &Problem, time: Duration) -> Result<Self, Error> {
        let plan = plan(door, problem, Bound::Time(time))?;
        let progress = Progress::new();
        let seen = progress.clone();
        // What became of each request is for the hunt to say.
        tokio::spawn(async move { load::run(plan, &seen).await });
        Ok(Self(progress))
    }

    /// Whether any of them was served. Who follows, and reads nothing, has at least a connection.
    pub(super) fn are_served(&self) -> bool {
        self.0.responses() + self.0.cut() + self.0.connected() > 0
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// So many calls in all, each with variables of its own.
///
/// # Errors
/// [`Refusal`] where not each is answered.
pub(super) async fn call(door: &PublicDoor, problem: &Problem, calls: u64) -> Result<(), Error> {
    let plan = plan(door, problem, Bound::Amount(calls))?;
    let report = load::run(plan, &Progress::new()).await;
    let report = report.map_err(crate::hunt::Error::from)?;
    let right = report
        .statuses
        .success
        .saturating_sub(report.graphql_errors.total);
    if right >= calls {
        return Ok(());
    }
    Err(Refusal::new(
        format!(
            "of {calls} calls of {} only {right} were answered as they should be",
            problem.fields.join(" and ")
        ),
        "answer each request as before, however many there are",
    )
    .into())
}

fn plan(door: &PublicDoor, problem: &Problem, bound: Bound) -> Result<Plan, Error> {
    let described = Some(&problem.load);
    let shape = recipe::shape(None, described);
    let settings = load::Settings {
        target: door.base().to_owned(),
        operation: Some(recipe::operation(problem)),
        shape,
        trigger: recipe::trigger(None, shape, described),
        connections: CLIENTS,
        pipelining: 1,
        bound,
        ..load::Settings::default()
    };
    Ok(Plan::new(&settings).map_err(crate::hunt::Error::from)?)
}
