//! `reviewStats`: what readers think of a book, in two figures; and `metrics`, what the dashboards are fed with.
//!
//! Wrong: the visitor's number was a label, and a label makes a series of figures for each of its values: a histogram
//! for every visitor there ever was.
//! Healed: one histogram over all answers. A label is for what has few values, and all of them known.

use std::{
    sync::{LazyLock, Mutex},
    time::Instant,
};

use async_graphql::{Context, Object, Result, SimpleObject};
use problems::{
    Lab,
    parts::{Gate, internal, locked},
};
use prometheus_client::{
    encoding::text::encode,
    metrics::histogram::{Histogram, exponential_buckets},
    registry::Registry,
};
use rusqlite::Connection;

/// Bounds of what an answer may take: from 20 microseconds, each half as long again as the one before.
const BOUNDS: u16 = 32;

/// What the dashboards show of reviews.
static METRICS: LazyLock<Mutex<Metrics>> = LazyLock::new(|| Mutex::new(Metrics::new()));

struct Metrics {
    registry: Registry,
    answer_times: Histogram,
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::default();
        let answer_times = Histogram::new(exponential_buckets(20e-6, 1.5, BOUNDS));
        let help = "What it takes to answer with review statistics, in seconds";
        registry.register("review_stats_seconds", help, answer_times.clone());
        Self {
            registry,
            answer_times,
        }
    }
}

pub(crate) fn clear() {
    let metrics = std::mem::replace(&mut *locked(&METRICS), Metrics::new());
    drop(metrics);
}

/// What readers think of a book
#[derive(SimpleObject)]
struct ReviewStats {
    /// How many reviews it has
    reviews: i64,
    /// Their stars, on average
    stars: f64,
}

/// Something that is measured all the time
#[derive(SimpleObject)]
struct Metric {
    /// Its name on the dashboards
    name: String,
    /// Its figures so far, in the OpenMetrics text format
    figures: String,
}

pub(crate) struct ReviewsQuery;

#[Object]
impl ReviewsQuery {
    /// What readers think of the book with that number, for the visitor with that one
    #[graphql(guard = "Gate::of(11)")]
    async fn review_stats(
        &self,
        ctx: &Context<'_>,
        book: i64,
        #[graphql(name = "visitor")] _visitor: i64,
    ) -> Result<ReviewStats> {
        let begun = Instant::now();
        let db = ctx.data::<Lab>()?.bookshop().db();
        let stats = db.call(move |conn| stats(conn, book)).await.map_err(internal)?;
        let answer_times = locked(&METRICS).answer_times.clone();
        answer_times.observe(begun.elapsed().as_secs_f64());
        Ok(stats)
    }

    /// What is measured, as far as there are figures
    #[graphql(guard = "Gate::of(11)")]
    async fn metrics(&self) -> Result<Vec<Metric>> {
        let mut text = String::new();
        encode(&mut text, &locked(&METRICS).registry)?;
        let metrics = text.split("# HELP ").skip(1);
        Ok(metrics
            .map(|metric| Metric {
                name: metric.split(' ').next().unwrap_or_default().to_owned(),
                figures: metric.to_owned(),
            })
            .collect())
    }
}

fn stats(connection: &Connection, book: i64) -> rusqlite::Result<ReviewStats> {
    connection
        .prepare_cached("SELECT count(*), total(stars) / max(count(*), 1) FROM reviews WHERE book_id = ?1")?
        .query_row([book], |row| {
            Ok(ReviewStats {
                reviews: row.get(0)?,
                stars: row.get(1)?,
            })
        })
}
