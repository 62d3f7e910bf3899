//! Clients of a problem that do what its manifest says, but few of them.

use std::time::Duration;

use problems::Problem;

use super::door::PublicDoor;
use super::{Error, Refusal};
use crate::load::{self, Bound, Plan, Progress, recipe};

/// How many there are, each with one request at a time.
pub(super) const CLIENTS: usize = 4;

/// How long so many calls may take: that, and for each call so much more.
const GRACE: Duration = Duration::from_secs(10);
const EACH: Duration = Duration::from_millis(5);
/// Of so many calls one may fail.
const SPARED: u32 = 1_000;

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

/// So many calls in all, each with variables of its own: how many were answered as they should be.
///
/// # Errors
/// [`Refusal`] where more than a few were not, or it takes too long.
pub(super) async fn call(door: &PublicDoor, problem: &Problem, calls: u32) -> Result<u32, Error> {
    let plan = plan(door, problem, Bound::Amount(calls.into()))?;
    let (progress, time) = (Progress::new(), GRACE + EACH * calls);
    let fields = problem.fields.join(" and ");
    let refused = |why: String| {
        Refusal::new(
            format!("of {calls} calls of {fields} {why}"),
            "answer each request as before, however many there are",
        )
    };
    let Ok(report) = tokio::time::timeout(time, load::run(plan, &progress)).await else {
        progress.stop();
        let answered = progress.responses();
        let why = format!("only {answered} were answered within {} seconds", time.as_secs());
        return Err(refused(why).into());
    };
    let report = report.map_err(crate::hunt::Error::from)?;
    let right = report
        .statuses
        .success
        .saturating_sub(report.graphql_errors.total);
    let right = u32::try_from(right).unwrap_or(calls).min(calls);
    if (calls - right) * SPARED <= calls {
        return Ok(right);
    }
    let told = report.graphql_errors.messages.first();
    let told = told.or(report.error_messages.first());
    let told = told.map_or_else(String::new, |told| format!(": {told}"));
    Err(refused(format!("only {right} were answered as they should be{told}")).into())
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
