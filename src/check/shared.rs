//! Whether the same question in several places of a document is asked of the database once.

use problems::Problem;

use super::door::PublicDoor;
use super::memory::Watch;
use super::questions::drawn;
use super::{Error, Refusal};

/// Refuses what asks the database for each place.
///
/// # Errors
/// [`Refusal`]; whatever a question can fail with.
pub(super) async fn is_asked_once(watch: &Watch, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
    let Some(document) = &problem.requires.shares else {
        return Ok(());
    };
    for question in drawn(problem, 1)? {
        let before = watch.look().await?.database_jobs();
        let data = door.ask(document, &question).await?;
        let jobs = watch.look().await?.database_jobs().saturating_sub(before);
        let places = data.as_object().map_or(0, serde_json::Map::len) as u64;
        // The shop may have had one of its own meanwhile.
        if jobs * 2 > places {
            return Err(Refusal::new(
                format!("the same question in {places} places took {jobs} jobs of the database"),
                "let those who ask at the same time share one look-up, as before",
            )
            .into());
        }
    }
    Ok(())
}
