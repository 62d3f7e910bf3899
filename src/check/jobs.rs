//! Whether the database has no more to do than the shop can afford.

use problems::Problem;

use super::door::PublicDoor;
use super::memory::Watch;
use super::questions::drawn;
use super::{Error, Refusal};

/// Refuses what asks the database more often than its manifest has it.
///
/// # Errors
/// [`Refusal`]; whatever a question can fail with.
pub(super) async fn are_few(watch: &Watch, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
    let Some(jobs) = &problem.requires.jobs else {
        return Ok(());
    };
    let document = jobs.document.as_deref().unwrap_or(problem.operation);
    for question in drawn(problem, 1)? {
        let took = watch.jobs_for(door, document, &[question]).await?;
        if took > jobs.most {
            return Err(Refusal::new(
                format!(
                    "a document of {} took {took} jobs of the database, and {} are enough",
                    problem.fields.join(" and "),
                    jobs.most
                ),
                "ask the database once for all who ask at the same time, as before",
            )
            .into());
        }
    }
    Ok(())
}
