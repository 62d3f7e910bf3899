//! Answers: what each problem's cause is, what heals it, scripts that find it, and the exercises' solutions.
//!
//! # Layout
//! - `pNN_name/fixed.rs`: the problem's fields, healed; `diff problems/p02_search/mod.rs spoilers/p02_search/fixed.rs` shows
//!   the cure
//! - [`HealedSchema`]: the public schema with all of them, the same API as [`problems::LabSchema`]
//! - `examples/healed.rs`: it, served; `examples/proof/`: the proof that all are found, and no other accused; `examples/cheats/`: fixes that are
//!   none; the other examples are solutions of the exercises
//!
//! Nothing depends on this crate.
#![forbid(unsafe_code)]
// The engine asks the merged root types one inside the other.
#![recursion_limit = "256"]

mod schema;

#[path = "../p00_hello/fixed.rs"]
mod p00_hello;
#[path = "../p01_jokes/fixed.rs"]
mod p01_jokes;
#[path = "../p02_search/fixed.rs"]
mod p02_search;
#[path = "../p03_lookup/fixed.rs"]
mod p03_lookup;
#[path = "../p04_orders/fixed.rs"]
mod p04_orders;
#[path = "../p05_stories/fixed.rs"]
mod p05_stories;
#[path = "../p06_books/fixed.rs"]
mod p06_books;
#[path = "../p07_recommendations/fixed.rs"]
mod p07_recommendations;
#[path = "../p08_covers/fixed.rs"]
mod p08_covers;
#[path = "../p09_login/fixed.rs"]
mod p09_login;
#[path = "../p10_imports/fixed.rs"]
mod p10_imports;
#[path = "../p11_reviews/fixed.rs"]
mod p11_reviews;
#[path = "../p12_mail/fixed.rs"]
mod p12_mail;
#[path = "../p13_feed/fixed.rs"]
mod p13_feed;
#[path = "../p14_quotes/fixed.rs"]
mod p14_quotes;
#[path = "../p15_prices/fixed.rs"]
mod p15_prices;
#[path = "../p16_series/fixed.rs"]
mod p16_series;

pub use schema::{
    HealedMutation, HealedQuery, HealedSchema, HealedSubscription, forget_figures, forget_recommendations,
    forget_sessions, prepare,
};
