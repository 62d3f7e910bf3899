//! `reviewStats`: what readers think of a book, in two figures; and `metrics`, what the dashboards are fed with.

use std::{
    sync::{LazyLock, Mutex},
    time::Instant,
};

use async_graphql::{Context, Object, Result, SimpleObject};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use rusqlite::Connection;

use crate::{Lab, errors::internal, guard::Gate, sync::locked};

/// Bounds of what an answer may take: from 20 microseconds, each half as long again as the one before.
const BOUNDS: u16 = 32;

/// What the dashboards show of reviews.
static METRICS: LazyLock<Mutex<Metrics>> = LazyLock::new(|| Mutex::new(Metrics::new()));

/// By what an answer is looked up on a dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    visitor: i64,
}

type AnswerTimes = Family<Asked, Histogram, fn() -> Histogram>;

struct Metrics {
    registry: Registry,
    answer_times: AnswerTimes,
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::default();
        let answer_times = AnswerTimes::new_with_constructor(new_histogram);
        let help = "What it takes to answer with review statistics, in seconds";
        registry.register("review_stats_seconds", help, answer_times.clone());
        Self {
            registry,
            answer_times,
        }
    }
}

fn new_histogram() -> Histogram {
    Histogram::new(exponential_buckets(20e-6, 1.5, BOUNDS))
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

/// What can be asked of it.
pub struct ReviewsQuery;

#[Object]
impl ReviewsQuery {
    /// What readers think of the book with that number, for the visitor with that one
    #[graphql(guard = "Gate::of(11)")]
    async fn review_stats(&self, ctx: &Context<'_>, book: i64, visitor: i64) -> Result<ReviewStats> {
        let begun = Instant::now();
        let db = ctx.data::<Lab>()?.bookshop().db();
        let stats = db.call(move |conn| stats(conn, book)).await.map_err(internal)?;
        let answer_times = locked(&METRICS).answer_times.clone();
        answer_times
            .get_or_create(&Asked { visitor })
            .observe(begun.elapsed().as_secs_f64());
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
