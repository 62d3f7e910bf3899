//! `hello`: the shop's letter of welcome.
//!
//! Wrong: each letter was kept on the resolver's own state, for a post room that never took any away.
//! Healed: a letter is dropped once it is written; what is kept of it is the count.

use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::{Object, Result};
use problems::{
    parts::{Gate, MAX_WORDS, text},
    shop::pad,
};

/// A letter fills two printed pages.
const LETTER_BYTES: usize = 7 * 1024;

/// How many letters of welcome there were.
#[derive(Default)]
struct Letters {
    written: AtomicU64,
}

impl Letters {
    fn post(&self, letter: String) {
        self.written.fetch_add(1, Ordering::Relaxed);
        // It has to be whole before it is gone: the compiler may leave out what nobody looks at.
        std::hint::black_box(&letter);
        drop(letter);
    }
}

#[derive(Default)]
pub(crate) struct HelloQuery {
    letters: Letters,
}

#[Object]
impl HelloQuery {
    /// Greets a visitor; the rest of the letter comes by post
    #[graphql(guard = "Gate::of(0)")]
    async fn hello(&self, #[graphql(default = "reader")] name: String) -> Result<String> {
        text("name", &name, MAX_WORDS)?;
        let greeting = format!("Hello, {name}, and welcome to the bookshop!");
        let mut letter = String::with_capacity(LETTER_BYTES);
        letter.push_str(&greeting);
        pad(&mut letter, name.len());
        self.letters.post(letter);
        Ok(greeting)
    }
}
