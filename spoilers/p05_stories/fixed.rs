//! `userStory`: what a customer has been reading, told as a story, for as long as they are in the shop.
//!
//! Wrong: whoever came in got a new badge and stayed for ever: one more entry for each request, not for each customer.
//! Healed: a visit ends, after a while without a look at it, or when the shop is full and somebody else comes in.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_graphql::{Context, Object, Result, SimpleObject};
use moka::{policy::EvictionPolicy, sync::Cache};
use problems::{
    Lab,
    parts::{Gate, internal},
    shop::pad,
};
use rusqlite::OptionalExtension;

/// A story is a page and a bit.
const STORY_BYTES: usize = 2_560;
/// Reviews that a story tells of.
const REVIEWS: i64 = 3;

/// Customers that the shop has room for.
const ROOM: u64 = 256;
/// A visit that nobody looks at ends after this time.
const VISIT: Duration = Duration::from_secs(300);

/// Who is in the shop, by the name on their badge.
static ACTIVE: LazyLock<Cache<String, Arc<Story>>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(ROOM)
        .time_to_idle(VISIT)
        // The policy that is usual keeps whom it knows, and here everyone is new.
        .eviction_policy(EvictionPolicy::lru())
        .build()
});

/// What a customer has been reading
#[derive(SimpleObject)]
struct Story {
    /// The name on the customer's badge
    badge: String,
    /// Their own name
    name: String,
    /// The story
    text: String,
}

pub(crate) fn settle() {
    // Where nobody has asked yet there is nothing to do, and no cache to be made for it.
    if let Some(known) = LazyLock::get(&ACTIVE) {
        known.run_pending_tasks();
    }
}

pub(crate) struct StoriesQuery;

#[Object]
impl StoriesQuery {
    /// The story of what a customer has been reading
    #[graphql(guard = "Gate::of(5)")]
    async fn user_story(&self, ctx: &Context<'_>, user_id: i64) -> Result<Option<Arc<Story>>> {
        let db = ctx.data::<Lab>()?.bookshop().db();
        let Some(reader) = db
            .call(move |conn| Reader::find(conn, user_id))
            .await
            .map_err(internal)?
        else {
            return Ok(None);
        };
        let mut text = String::with_capacity(STORY_BYTES);
        for (title, words) in &reader.reviews {
            text.push_str(title);
            text.push_str(": ");
            text.push_str(words);
            text.push('\n');
        }
        pad(&mut text, reader.name.len());
        let badge = badge(&reader.name);
        let story = Arc::new(Story {
            badge: badge.clone(),
            name: reader.name,
            text,
        });
        ACTIVE.insert(badge, Arc::clone(&story));
        Ok(Some(story))
    }
}

/// A customer and what they said about books.
struct Reader {
    name: String,
    reviews: Vec<(String, String)>,
}

impl Reader {
    fn find(connection: &rusqlite::Connection, id: i64) -> rusqlite::Result<Option<Self>> {
        let mut select = connection.prepare_cached("SELECT name FROM users WHERE id = ?1")?;
        let Some(name) = select.query_row([id], |row| row.get(0)).optional()? else {
            return Ok(None);
        };
        let reviews = "SELECT books.title, reviews.text FROM reviews JOIN books ON books.id = book_id
                       WHERE user_id = ?1 ORDER BY reviews.id DESC LIMIT ?2";
        let reviews = connection
            .prepare_cached(reviews)?
            .query_map([id, REVIEWS], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Some(Self { name, reviews }))
    }
}

/// A name that nobody else in the shop wears.
fn badge(name: &str) -> String {
    let first = name.split(' ').next().unwrap_or(name);
    format!("{first} {:016x}", fastrand::u64(..))
}
