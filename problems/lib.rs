//! The bookshop: one GraphQL API over a small database, and the problems that its engineers are paged for.
//!
//! # Layout
//! - [`shop`]: the database, its data, the entities and the ordinary fields
//! - `pNN_name`: a folder a problem: its fields, and `problem.toml` with its story
//! - [`Lab`]: puts them together, and knows how to bring a problem back to where it started
//! - [`LabSchema`]: the public schema, ready to execute
//! - [`problems()`], [`Problem`], [`find_problem`], [`FindError`]: the catalogue, and how a problem is looked up
//! - [`Handover`]: how loaders, tasks and the database thread are handed their work
//! - [`parts`]: what fields are made of, for another schema over the same shop
//! - [`MemoryGuard`]: when the problems' fields must say no
//!
//! Transport, limits and everything that measures are left to others. Start reading at [`Lab`].
//!
//! # One lab in a process
//! Some problems live in statics, as they would in a service. Two labs in one process share those.
#![forbid(unsafe_code)]
// The engine asks the merged root types one inside the other.
#![recursion_limit = "256"]

mod catalog;
mod errors;
mod executor;
mod find;
mod guard;
mod handover;
mod input;
mod lab;
mod schema;
mod sync;

mod p00_hello;
mod p01_jokes;
mod p02_search;
mod p03_lookup;
mod p04_orders;
mod p05_stories;
mod p06_books;
mod p07_recommendations;
mod p08_covers;
mod p09_login;
mod p10_imports;
mod p11_reviews;
mod p12_mail;
mod p13_feed;
mod p14_quotes;
mod p15_prices;
mod p16_series;
mod p17_bestsellers;
mod p18_regions;
mod p19_basket;
mod p20_audit;
mod p21_shelves;
mod p22_wishlist;
pub mod shop;

/// What the fields are made of, for crates that serve the same API by resolvers of their own.
pub mod parts {
    pub use crate::errors::{internal, not_found};
    pub use crate::guard::Gate;
    pub use crate::input::{MAX_WORDS, page_size, text, within};
    pub use crate::p00_hello::HelloQuery;
    pub use crate::p01_jokes::JokesQuery;
    pub use crate::p02_search::SearchQuery;
    pub use crate::p03_lookup::LookupQuery;
    pub use crate::p04_orders::OrdersQuery;
    pub use crate::p05_stories::StoriesQuery;
    pub use crate::p06_books::{AuthorLoader, Authors, BooksQuery};
    pub use crate::p07_recommendations::RecommendationsQuery;
    pub use crate::p08_covers::CoversQuery;
    pub use crate::p09_login::{LoginMutation, LoginQuery};
    pub use crate::p10_imports::{ImportsMutation, ImportsQuery};
    pub use crate::p11_reviews::ReviewsQuery;
    pub use crate::p12_mail::{MailMutation, MailQuery};
    pub use crate::p13_feed::{FeedMutation, FeedSubscription};
    pub use crate::p14_quotes::QuotesQuery;
    pub use crate::p15_prices::PricesQuery;
    pub use crate::p16_series::SeriesQuery;
    pub use crate::p17_bestsellers::BestsellersQuery;
    pub use crate::p18_regions::RegionsQuery;
    pub use crate::p19_basket::BasketQuery;
    pub use crate::p20_audit::AuditQuery;
    pub use crate::p21_shelves::ShelvesQuery;
    pub use crate::p22_wishlist::WishlistQuery;
    pub use crate::schema::LabQuery;
    pub use crate::sync::locked;
}

pub use catalog::{Call, Count, Jobs, LoadRecipe, LoadShape, Pace, Problem, Requirements, problems};
pub use executor::LabSchema;
pub use find::{FindError, find_problem};
pub use guard::MemoryGuard;
pub use handover::{Handover, Job, Plain, Task};
pub use lab::Lab;
pub use schema::{Mutation, Query, Subscription};
