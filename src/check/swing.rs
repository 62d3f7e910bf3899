//! How far the live heap goes up and down under a small, steady load.
//!
//! Of a few clients, each with one request at a time, little is under way at any moment. What is kept of answered requests
//! until a clock clears it away draws a saw, and the length of its teeth gives it away: what the requests of one interval keep.

use std::time::Duration;

use heap_profile::render::bytes;
use problems::Problem;
use tokio::time::{Instant, sleep};

use super::memory::Watch;
use super::{Error, Refusal};
use crate::load::{self, Bound, Plan, Progress, recipe};

/// Clients, each with one request at a time.
const CLIENTS: usize = 4;
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
pub(super) async fn is_small(watch: &Watch, public: &str, problem: &Problem) -> Result<(), Error> {
    let load = Load::start(public, problem)?;
    sleep(WARM_UP).await;
    let (mut looks, end) = (Vec::new(), Instant::now() + TIME - WARM_UP);
    while Instant::now() < end {
        // A look that fails is made up for by the next.
        if let Ok(figures) = watch.look().await {
            looks.push(figures.live());
        }
        sleep(LOOK_EVERY).await;
    }
    if looks.len() < LEAST_LOOKS || !load.is_on() {
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

/// The clients; they go when it is dropped.
struct Load(Progress);

impl Load {
    fn start(public: &str, problem: &Problem) -> Result<Self, Error> {
        let described = Some(&problem.load);
        let shape = recipe::shape(None, described);
        let settings = load::Settings {
            target: public.to_owned(),
            operation: Some(recipe::operation(problem)),
            shape,
            trigger: recipe::trigger(None, shape, described),
            connections: CLIENTS,
            pipelining: 1,
            bound: Bound::Time(TIME),
            ..load::Settings::default()
        };
        let plan = Plan::new(&settings).map_err(crate::hunt::Error::from)?;
        let progress = Progress::new();
        let seen = progress.clone();
        // What became of each request is for the hunt to say.
        tokio::spawn(async move { load::run(plan, &seen).await });
        Ok(Self(progress))
    }

    /// Whether any of them was served. Who follows, and reads nothing, has at least a connection.
    fn is_on(&self) -> bool {
        self.0.responses() + self.0.cut() + self.0.connected() > 0
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.stop();
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
