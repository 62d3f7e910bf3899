//! `userStory`: what a customer has been reading, told as a story, for as long as they are in the shop.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use async_graphql::{Context, Object, Result, SimpleObject};
use rusqlite::OptionalExtension;

use crate::{Lab, errors::internal, guard::Gate, shop::pad, sync::locked};

/// A story is a page and a bit.
const STORY_BYTES: usize = 2_560;
/// Reviews that a story tells of.
const REVIEWS: i64 = 3;

/// Who is in the shop, by the name on their badge.
static ACTIVE: LazyLock<Mutex<HashMap<String, Arc<Story>>>> = LazyLock::new(Mutex::default);

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

pub(crate) fn clear() {
    let active = std::mem::take(&mut *locked(&ACTIVE));
    drop(active);
}

/// Finishes what is put off, before anybody looks.
pub(crate) fn settle() {}

/// What can be asked of it.
pub struct StoriesQuery;

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
        locked(&ACTIVE).insert(badge, Arc::clone(&story));
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
