//! `hello`: the shop's letter of welcome.

use std::sync::{Arc, Mutex};

use async_graphql::{Object, Result};

use crate::{
    guard::Gate,
    input::{MAX_WORDS, text},
    shop::pad,
    sync::locked,
};

/// A letter fills two printed pages.
const LETTER_BYTES: usize = 7 * 1024;

/// The letters of welcome, for the post room to print.
#[derive(Default)]
pub(crate) struct Letters {
    written: Mutex<Vec<String>>,
}

impl Letters {
    fn post(&self, letter: String) {
        locked(&self.written).push(letter);
    }

    pub(crate) fn clear(&self) {
        let letters = std::mem::take(&mut *locked(&self.written));
        drop(letters);
    }
}

/// What can be asked of it.
pub struct HelloQuery {
    letters: Arc<Letters>,
}

impl HelloQuery {
    pub(crate) fn new(letters: Arc<Letters>) -> Self {
        Self { letters }
    }
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
