//! `bookSeries`: what an author has written, volume by volume, as it stands on the shelf.

use std::sync::{Arc, OnceLock};

use async_graphql::{Context, Object, Result};
use rusqlite::{Connection, OptionalExtension};

use crate::{Lab, errors::internal, guard::Gate, shop::pad};

/// What stands on the back of a volume.
const BACK_BYTES: usize = 512;

/// The volumes of an author, in the order in which they came out.
struct Series {
    author: String,
    volumes: OnceLock<Vec<Volume>>,
}

/// One volume; it knows what it is part of.
struct Volume {
    series: Arc<Series>,
    number: usize,
    title: String,
    back: String,
}

impl Series {
    /// The author's name, and the titles in order.
    fn new(author: String, titles: Vec<String>) -> Arc<Self> {
        let series = Arc::new(Self {
            author,
            volumes: OnceLock::new(),
        });
        let volumes = titles.into_iter().enumerate();
        let volumes = volumes.map(|(index, title)| Volume::new(&series, index + 1, title));
        series.volumes.get_or_init(|| volumes.collect());
        series
    }

    fn volumes(&self) -> &[Volume] {
        self.volumes.get().map_or(&[], Vec::as_slice)
    }
}

impl Volume {
    fn new(series: &Arc<Series>, number: usize, title: String) -> Self {
        let mut back = String::with_capacity(BACK_BYTES);
        back.push_str(&title);
        pad(&mut back, title.len());
        Self {
            series: Arc::clone(series),
            number,
            title,
            back,
        }
    }
}

/// The volumes of an author
#[Object(name = "BookSeries")]
impl Series {
    /// Who wrote them
    async fn author(&self) -> &str {
        &self.author
    }

    /// The volumes, in the order in which they came out
    #[graphql(name = "volumes")]
    async fn all_volumes(&self) -> &[Volume] {
        self.volumes()
    }
}

/// One volume of a series
#[Object(name = "BookVolume")]
impl Volume {
    /// Its number in the series
    async fn number(&self) -> usize {
        self.number
    }

    /// Its title
    async fn title(&self) -> &str {
        &self.title
    }

    /// What stands on its back
    async fn back(&self) -> &str {
        &self.back
    }

    /// How many volumes there are with it
    async fn of(&self) -> usize {
        self.series.volumes().len()
    }
}

/// What can be asked of it.
pub struct SeriesQuery;

#[Object]
impl SeriesQuery {
    /// What the author with that number has written, volume by volume
    #[graphql(guard = "Gate::of(16)")]
    async fn book_series(&self, ctx: &Context<'_>, author_id: i64) -> Result<Option<Arc<Series>>> {
        let db = ctx.data::<Lab>()?.bookshop().db();
        let written = db
            .call(move |conn| written_by(conn, author_id))
            .await
            .map_err(internal)?;
        Ok(written.map(|(author, titles)| Series::new(author, titles)))
    }
}

/// The author's name and the titles of their books; nothing where there is no such author.
fn written_by(connection: &Connection, author: i64) -> rusqlite::Result<Option<(String, Vec<String>)>> {
    let mut name = connection.prepare_cached("SELECT name FROM authors WHERE id = ?1")?;
    let Some(name) = name.query_row([author], |row| row.get(0)).optional()? else {
        return Ok(None);
    };
    let titles = connection
        .prepare_cached("SELECT title FROM books WHERE author_id = ?1 ORDER BY published, id")?
        .query_map([author], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some((name, titles)))
}
