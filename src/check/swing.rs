//! How far the live heap goes up and down under a small, steady load.
//!
//! Of a few clients, each with one request at a time, little is under way at any moment. What is kept of answered requests
//! until a clock clears it away draws a saw, and the length of its teeth gives it away: what the requests of one interval keep.

use std::time::Duration;

use heap_profile::render::bytes;
use problems::Problem;
use tokio::time::{Instant, sleep};

use super::clients::{CLIENTS, Clients};
use super::door::PublicDoor;
use super::memory::Watch;
use super::{Error, Refusal};

/// How long they ask.
const TIME: Duration = Duration::from_secs(4);
/// Until then, what is made once is made.
const WARM_UP: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Of fewer looks than that nothing can be said.
const LEAST_LOOKS: usize = 20;
/// Of so many looks one may be off at either end: a moment's work of the service itself.
const SPARED: usize = 20;
/// What the live heap may swing by beside what a problem's fields may keep, in bytes.
const ALLOWANCE: u64 = 512 << 10;

/// Refuses what keeps more than the shop can afford, if only for a while.
///
/// # Errors
/// [`Refusal`]; whatever a look can fail with.
pub(super) async fn is_small(watch: &Watch, door: &PublicDoor, problem: &Problem) -> Result<(), Error> {
    let clients = Clients::ask_for(door, problem, TIME)?;
    sleep(WARM_UP).await;
    let (mut looks, end) = (Vec::new(), Instant::now() + TIME - WARM_UP);
    while Instant::now() < end {
        // A look that fails is made up for by the next.
        if let Ok(figures) = watch.look().await {
            looks.push(figures.live());
        }
        sleep(LOOK_EVERY).await;
    }
    if looks.len() < LEAST_LOOKS || !clients.are_served() {
        return Err(Refusal::new(
            format!("{CLIENTS} clients were not served, or the admin door does not answer beside them"),
            "run check again on a quieter machine",
        )
        .into());
    }
    let (swing, affordable) = (swing(looks), problem.requires.keeps + ALLOWANCE);
    tracing::debug!("it swings by {swing} bytes");
    if swing <= affordable {
        return Ok(());
    }
    Err(Refusal::new(
        format!(
            "while {CLIENTS} clients ask, what is held goes up and down by {}, more than {}: \
             answered requests are still there",
            bytes(swing.cast_signed()),
            bytes(affordable.cast_signed()),
        ),
        "let each request clear up behind itself: what goes by the clock grows with the load",
    )
    .into())
}

/// From the lowest to the highest, but for a few at either end.
fn swing(mut looks: Vec<u64>) -> u64 {
    looks.sort_unstable();
    let spared = looks.len() / SPARED;
    match looks.get(spared..looks.len() - spared) {
        Some([lowest, .., highest]) => highest - lowest,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swing_goes_from_the_lowest_to_the_highest_but_for_one_look_in_twenty_at_either_end() {
        let saw = (0..100).map(|look| 1_000 + look % 10 * 100).collect();
        assert_eq!(swing(saw), 900);
        let spikes = (0..100).map(|look| if look % 25 == 0 { 9_000 } else { 1_000 });
        assert_eq!(swing(spikes.collect()), 0);
        assert_eq!([swing(vec![]), swing(vec![5])], [0, 0]);
    }
}
