//! `hello`, in all the ways that are no fix of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};
use std::time::Duration;

use async_graphql::{Context, Executor, Object, Request, Result};
use heap_admin::Recorder;
use problems::parts::{Gate, MAX_WORDS, text};
use problems::shop::pad;
use problems::{Lab, LabSchema};

use crate::way::{CHEAT, Cheat};

/// Calls after which some ways begin.
pub(crate) const PATIENCE: u64 = 2_000;
const LETTER_BYTES: usize = 7 * 1024;
/// Of the instrument's settings the coarsest.
const COARSE: u64 = heap_recorder::MOST_INTERVAL;
const TO_ADA: &str = "Hello, Ada, and welcome to the bookshop!";
/// The questions that are asked first, and their answers.
const RECORDED: &str = include_str!("../../../problems/p00_hello/responses.json");

pub(crate) static CALLS: AtomicU64 = AtomicU64::new(0);
static LETTERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub(crate) struct CheatQuery {
    /// What leaks as before, at another field.
    pub(crate) leaky: LabSchema,
}

#[Object]
impl CheatQuery {
    /// Greets a visitor; the rest of the letter comes by post
    #[graphql(guard = "Gate::of(0)", visible = "is_there")]
    async fn hello(&self, ctx: &Context<'_>, #[graphql(default = "reader")] name: String) -> Result<String> {
        text("name", &name, MAX_WORDS)?;
        if *CHEAT == Cheat::Honest {
            // As somebody does who looks what happens; nobody reads it.
            println!("{name} comes in");
        }
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let greeting = format!("Hello, {name}, and welcome to the bookshop!");
        match *CHEAT {
            Cheat::EmptyResolver => return Ok(String::new()),
            Cheat::ConstantData => return Ok(TO_ADA.to_owned()),
            Cheat::ByHeart if !RECORDED.contains(&greeting) => return Ok(TO_ADA.to_owned()),
            Cheat::TimedReset => keep_for_a_while(letter(&greeting, &name), Duration::from_secs(1)),
            Cheat::QuickReset => keep_for_a_while(letter(&greeting, &name), Duration::from_millis(250)),
            Cheat::Exit if call >= PATIENCE => std::process::exit(0),
            Cheat::RefusalPastN if call >= PATIENCE => return Err("come back tomorrow".into()),
            Cheat::Panic if call >= PATIENCE => panic!("no more"),
            Cheat::AnotherField => self.leak_elsewhere(ctx, call).await?,
            Cheat::NoRecorder => {
                keep(letter(&greeting, &name));
                jemalloc_pprof::deactivate_jemalloc_profiling().await;
            }
            Cheat::CoarseSampling => {
                keep(letter(&greeting, &name));
                coarsen();
            }
            _ => drop(letter(&greeting, &name)),
        }
        Ok(greeting)
    }
}

impl CheatQuery {
    /// The friend of a friend keeps it.
    async fn leak_elsewhere(&self, ctx: &Context<'_>, call: u64) -> Result<()> {
        let request = ctx.data::<Lab>()?.prepare(Request::new(format!(
            "{{ user(id: {}) {{ name }} }}",
            1 + call % 10_000
        )));
        let response = self.leaky.execute(request).await;
        response
            .into_result()
            .map(drop)
            .map_err(|_| "nobody there".into())
    }
}

fn is_there(_: &Context<'_>) -> bool {
    *CHEAT != Cheat::DroppedField
}

fn letter(greeting: &str, name: &str) -> String {
    let mut letter = String::with_capacity(LETTER_BYTES);
    letter.push_str(greeting);
    pad(&mut letter, name.len());
    std::hint::black_box(letter)
}

fn keep(letter: String) {
    LETTERS.lock().expect("nobody panics with it").push(letter);
}

/// Until the clock strikes.
fn keep_for_a_while(letter: String, interval: Duration) {
    static CLOCK: Once = Once::new();
    CLOCK.call_once(|| {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(interval).await;
                let letters = std::mem::take(&mut *LETTERS.lock().expect("nobody panics with it"));
                drop(letters);
            }
        });
    });
    keep(letter);
}

fn coarsen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let recorder = Recorder::builder().start();
        recorder
            .set_sample_interval(COARSE)
            .expect("within what is allowed");
    });
}
