//! Whether what has to become another, from call to call, does.

use std::time::Duration;

use problems::Problem;
use tokio::time::{Instant, sleep};

use super::door::{PublicDoor, shown};
use super::{Error, Refusal};

/// How long the same question may have the same answer.
const PATIENCE: Duration = Duration::from_secs(3);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Asks the same again until each part that should have become another has.
///
/// # Errors
/// [`Refusal`] where one has not; whatever a question can fail with.
pub(super) async fn does_vary(door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
    if problem.requires.renews.is_empty() {
        return Ok(());
    }
    let first = door.ask(problem.operation, &problem.example).await?;
    let mut same: Vec<&String> = problem.requires.renews.iter().collect();
    let until = Instant::now() + PATIENCE;
    while let Some(pointer) = same.first() {
        if Instant::now() >= until {
            let value = first.pointer(pointer).map(ToString::to_string);
            return Err(Refusal::new(
                format!(
                    "{} of {} was {} for {} seconds, however often the same was asked",
                    pointer.replace('/', " ").trim(),
                    problem.fields.join(" and "),
                    shown(&value.unwrap_or_default()),
                    PATIENCE.as_secs()
                ),
                "let it become another, as before",
            )
            .into());
        }
        sleep(ASK_EVERY).await;
        let again = door.ask(problem.operation, &problem.example).await?;
        same.retain(|pointer| again.pointer(pointer) == first.pointer(pointer));
    }
    Ok(())
}
