//! `importCatalog` and `imported`: what publishers have to offer, read from the catalogues that they send.
//!
//! Wrong: a `Bytes` that is sliced shares the whole of its buffer. Sixteen noted bytes kept a catalogue of four
//! kilobytes, and all of them were noted for ever.
//! Healed: what is noted is a copy of the sixteen bytes, and the oldest make room for the latest.

use std::{collections::VecDeque, sync::Mutex};

use async_graphql::{Context, Object, Result, SimpleObject};
use bytes::{Bytes, BytesMut};
use problems::{
    Lab,
    parts::{Gate, internal, locked, within},
};
use rusqlite::{Connection, params};

/// The longest catalogue.
const CATALOG_BYTES: usize = 4 << 10;
/// A catalogue begins with its reference, on a line of its own: `PUB0042-00000317`.
const REFERENCE_BYTES: usize = 16;
/// Publishers that the shop deals with.
const PUBLISHERS: i64 = 500;
/// Titles that a publisher offers at most.
const TITLES: i64 = 120;

/// References that are noted: the latest ones.
const LATEST: usize = 4_000;

/// References of the catalogues that were imported lately, in that order.
static IMPORTED: Mutex<VecDeque<Bytes>> = Mutex::new(VecDeque::new());

/// A catalogue that was read
#[derive(SimpleObject)]
struct CatalogImport {
    /// The publisher's own reference
    reference: String,
    /// How many titles are in it
    titles: usize,
    /// What all of them cost together, in cents
    total_cents: i64,
}

impl CatalogImport {
    /// Reads what follows a catalogue's reference: a line a title, and its price comes last.
    fn read(reference: &Bytes, titles: &Bytes) -> Self {
        let titles = String::from_utf8_lossy(titles);
        let prices: Vec<i64> = titles
            .lines()
            .filter_map(|line| line.rsplit(';').next()?.parse().ok())
            .collect();
        Self {
            reference: String::from_utf8_lossy(reference).into_owned(),
            titles: prices.len(),
            total_cents: prices.iter().sum(),
        }
    }
}

/// Notes that a catalogue was imported.
fn note(reference: &Bytes) {
    // Of its own: a slice would share the catalogue's buffer, and keep it.
    let reference = Bytes::copy_from_slice(reference);
    let mut imported = locked(&IMPORTED);
    if imported.len() == LATEST {
        imported.pop_front();
    }
    imported.push_back(reference);
}

pub(crate) struct ImportsQuery;

#[Object]
impl ImportsQuery {
    /// Whether the catalogue with that reference was imported lately
    #[graphql(guard = "Gate::of(10)")]
    async fn imported(&self, reference: String) -> bool {
        let imported = locked(&IMPORTED);
        imported.iter().rev().any(|known| known == reference.as_bytes())
    }
}

pub(crate) struct ImportsMutation;

#[Object]
impl ImportsMutation {
    /// Reads the catalogue that a publisher sends with that issue
    #[graphql(guard = "Gate::of(10)")]
    async fn import_catalog(&self, ctx: &Context<'_>, publisher: i64, issue: i64) -> Result<CatalogImport> {
        within("publisher", publisher, 1, PUBLISHERS)?;
        within("issue", issue, 1, 99_999_999)?;
        let db = ctx.data::<Lab>()?.bookshop().db();
        let offers = db
            .call(move |conn| offers(conn, publisher))
            .await
            .map_err(internal)?;
        let catalog = receive(publisher, issue, &offers);
        let reference = catalog.slice(..REFERENCE_BYTES);
        let import = CatalogImport::read(&reference, &catalog.slice(REFERENCE_BYTES..));
        note(&reference);
        Ok(import)
    }
}

/// The catalogue as it comes in: nobody knows its length beforehand.
fn receive(publisher: i64, issue: i64, offers: &[(String, i64)]) -> Bytes {
    let mut body = BytesMut::with_capacity(CATALOG_BYTES);
    body.extend_from_slice(format!("PUB{publisher:04}-{issue:08}").as_bytes());
    for (title, cents) in offers {
        let line = format!("\n{title};{cents}");
        if body.len() + line.len() > CATALOG_BYTES {
            break;
        }
        body.extend_from_slice(line.as_bytes());
    }
    body.freeze()
}

/// Titles and prices of what a publisher offers.
fn offers(connection: &Connection, publisher: i64) -> rusqlite::Result<Vec<(String, i64)>> {
    let select = "SELECT title, price_cents FROM books WHERE id > ?1 ORDER BY id LIMIT ?2";
    let shelf = publisher * 3;
    connection
        .prepare_cached(select)?
        .query_map(params![shelf, TITLES], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
