//! `shelf`: where a book stands, and what is written on that shelf's label.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use rusqlite::Connection;
use tokio::sync::Mutex;

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    input::within,
    shop::{Db, ShopError, pad},
};

/// Copies of each book in the stockroom.
const COPIES: usize = 128;
/// Copies on a shelf.
const SHELF: usize = 16;
/// What is written about a copy.
const CARD_BYTES: usize = 256;

/// The labels of the shelves, written for whoever asks first.
static LABELS: Mutex<Option<Labels>> = Mutex::const_new(None);

/// In the order of the shelves, and the books in the order in which they stand.
type Labels = Arc<(Vec<String>, Vec<i64>)>;

/// A shelf in the stockroom
#[derive(SimpleObject)]
struct Shelf {
    /// Its number
    number: usize,
    /// What is written on its label
    label: String,
    /// Shelves that hold copies of the same book
    shelves: usize,
}

pub(crate) async fn clear() {
    let labels = LABELS.lock().await.take();
    drop(labels);
}

/// What can be asked of it.
pub struct ShelvesQuery;

#[Object]
impl ShelvesQuery {
    /// Where a copy of the book stands
    #[graphql(guard = "Gate::of(21)")]
    async fn shelf(&self, ctx: &Context<'_>, book: i64, #[graphql(default = 1)] copy: i64) -> Result<Shelf> {
        let copy = within("copy", copy, 1, COPIES as i64)? as usize - 1;
        let labels = labels(ctx.data::<Lab>()?.bookshop().db())
            .await
            .map_err(internal)?;
        let (labels, books) = &*labels;
        let place = books.iter().position(|id| *id == book);
        let place = place.ok_or_else(|| not_found(format!("no book has the id {book}")))?;
        let number = (place * COPIES + copy) / SHELF;
        Ok(Shelf {
            number,
            label: labels[number].clone(),
            shelves: COPIES / SHELF,
        })
    }
}

async fn labels(db: &Db) -> Result<Labels, ShopError> {
    let mut labels = LABELS.lock().await;
    if let Some(labels) = &*labels {
        return Ok(Arc::clone(labels));
    }
    let written = Arc::new(db.call(|conn| write(conn)).await?);
    Ok(Arc::clone(labels.insert(written)))
}

/// Writes a card for each copy, as it stands; the card of the first copy on a shelf becomes the shelf's label.
fn write(connection: &Connection) -> rusqlite::Result<(Vec<String>, Vec<i64>)> {
    let books: Vec<(i64, String)> = connection
        .prepare_cached("SELECT id, title FROM books ORDER BY genre, title, id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut cards = Vec::with_capacity(books.len() * COPIES);
    for (_, title) in &books {
        for copy in 1..=COPIES {
            let mut card = String::with_capacity(CARD_BYTES);
            card.push_str(title);
            card.push_str(if copy == 1 {
                ", for the window"
            } else {
                ", for sale"
            });
            pad(&mut card, copy);
            cards.push(card);
        }
    }
    let mut labels = Vec::with_capacity(cards.len() / SHELF);
    labels.extend(cards.into_iter().step_by(SHELF));
    Ok((labels, books.into_iter().map(|(id, _)| id).collect()))
}
