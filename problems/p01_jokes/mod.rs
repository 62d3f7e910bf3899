//! `jokeOfTheDay`: a joke from the back room, where somebody is always telling one.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_graphql::{Context, Object, Result};
use tokio::{sync::watch, task::JoinHandle, time};

use crate::{Lab, MemoryGuard, guard::Gate, shop::pad, sync::locked};

/// How often a round is told.
const ROUND_EVERY: Duration = Duration::from_millis(200);
/// Jokes in a round.
const ROUND: usize = 100;
/// A long joke.
const JOKE_BYTES: usize = 3 * 1024;

/// A joke with all its asides.
#[derive(Debug)]
pub(crate) struct Joke {
    name: String,
    text: String,
}

/// A joke with all its asides
#[Object]
impl Joke {
    /// What regulars call it
    async fn name(&self) -> &str {
        &self.name
    }

    /// How it begins
    async fn opening(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// All of it
    async fn text(&self) -> &str {
        &self.text
    }
}

/// The back room: at most one teller at a time.
#[derive(Default)]
pub(crate) struct Jokes {
    teller: Mutex<Option<Teller>>,
}

struct Teller {
    latest: watch::Receiver<Arc<Joke>>,
    task: JoinHandle<()>,
}

impl Jokes {
    /// The latest joke; the first to ask fetches the teller.
    fn latest(&self, lab: &Lab) -> Arc<Joke> {
        let mut teller = locked(&self.teller);
        // A teller ends by itself only with the runtime that it was on.
        if teller.as_ref().is_some_and(|teller| teller.task.is_finished()) {
            *teller = None;
        }
        let teller = teller.get_or_insert_with(|| Teller::fetch(lab));
        Arc::clone(&teller.latest.borrow())
    }

    /// Sends the teller home, and waits until they have gone.
    pub(crate) async fn stop(&self) {
        let teller = locked(&self.teller).take();
        if let Some(Teller { task, latest }) = teller {
            task.abort();
            // Aborted, or gone with its runtime: either way what it had is dropped by now.
            let _ = task.await;
            drop(latest);
        }
    }
}

impl Teller {
    fn fetch(lab: &Lab) -> Self {
        let (tell, latest) = watch::channel(Arc::new(joke(0)));
        Self {
            latest,
            task: lab.bookshop().db().spawn(tell_jokes(lab.guard().clone(), tell)),
        }
    }
}

/// Tells a round at a time, and never the same joke twice.
async fn tell_jokes(guard: MemoryGuard, tell: watch::Sender<Arc<Joke>>) {
    let mut told: Vec<Arc<Joke>> = Vec::new();
    let mut clock = time::interval(ROUND_EVERY);
    clock.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        if guard.exceeded() {
            continue;
        }
        for _ in 0..ROUND {
            let joke = Arc::new(joke(told.len() + 1));
            told.push(joke);
        }
        if let Some(joke) = told.last() {
            tell.send_replace(Arc::clone(joke));
        }
    }
}

fn joke(number: usize) -> Joke {
    let name = format!("joke {number}");
    let mut text = String::with_capacity(JOKE_BYTES);
    text.push_str(&format!("Number {number} walks into a bookshop"));
    pad(&mut text, number);
    Joke { name, text }
}

/// What can be asked of it.
pub struct JokesQuery {
    jokes: Arc<Jokes>,
}

impl JokesQuery {
    pub(crate) fn new(jokes: Arc<Jokes>) -> Self {
        Self { jokes }
    }
}

#[Object]
impl JokesQuery {
    /// The joke that is being told in the back room
    #[graphql(guard = "Gate::of(1)")]
    async fn joke_of_the_day(&self, ctx: &Context<'_>) -> Result<Arc<Joke>> {
        Ok(self.jokes.latest(ctx.data::<Lab>()?))
    }
}
