//! `deliveryRegion`: which depot serves a post code, how many customers it has, and how long a parcel takes.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use rusqlite::Connection;
use tokio::sync::Mutex;

use crate::{
    Lab,
    errors::{bad_input, internal},
    guard::Gate,
    shop::{Db, ShopError, pad},
};

/// Post codes have five digits.
const DIGITS: usize = 5;
const POST_CODES: usize = 100_000;
/// The note for the driver.
const NOTE_BYTES: usize = 160;
/// What a parcel takes to the furthest post codes of a depot, in working days.
const MOST_DAYS: usize = 5;

/// The delivery plan, worked out for whoever asks first.
static PLAN: Mutex<Option<Plan>> = Mutex::const_new(None);

/// By post code.
type Plan = Arc<Vec<DeliveryRegion>>;

/// Where a post code is delivered from
#[derive(SimpleObject, Clone)]
struct DeliveryRegion {
    /// The post code, with its zeros
    postcode: String,
    /// The town of the depot
    depot: String,
    /// Customers that the depot has
    customers: i64,
    /// Working days that a parcel takes
    days: usize,
    /// What the driver should know
    note: String,
}

pub(crate) async fn clear() {
    let plan = PLAN.lock().await.take();
    drop(plan);
}

/// What can be asked of it.
pub struct RegionsQuery;

#[Object]
impl RegionsQuery {
    /// Where the post code is delivered from
    #[graphql(guard = "Gate::of(18)")]
    async fn delivery_region(&self, ctx: &Context<'_>, postcode: String) -> Result<DeliveryRegion> {
        let is_postcode = postcode.len() == DIGITS && postcode.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<usize> = postcode.parse().ok().filter(|_| is_postcode);
        let number = number.ok_or_else(|| bad_input("`postcode` must have five digits"))?;
        let plan = plan(ctx.data::<Lab>()?.bookshop().db()).await.map_err(internal)?;
        Ok(plan[number].clone())
    }
}

async fn plan(db: &Db) -> Result<Plan, ShopError> {
    let mut plan = PLAN.lock().await;
    if let Some(plan) = &*plan {
        return Ok(Arc::clone(plan));
    }
    let made = Arc::new(db.call(|conn| work_out(conn)).await?);
    Ok(Arc::clone(plan.insert(made)))
}

/// Depots are where customers live; each has about as many post codes as the others.
fn work_out(connection: &Connection) -> rusqlite::Result<Vec<DeliveryRegion>> {
    let depots: Vec<(String, i64)> = connection
        .prepare_cached("SELECT city, count(*) FROM users GROUP BY city ORDER BY city")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let of_each = POST_CODES.div_ceil(depots.len().max(1));
    let mut plan = Vec::with_capacity(POST_CODES);
    for (depot, customers) in depots {
        for place in 0..of_each.min(POST_CODES - plan.len()) {
            let mut note = String::with_capacity(NOTE_BYTES);
            note.push_str("Leave by the ");
            note.push_str(if place % 2 == 0 { "north" } else { "south" });
            note.push_str(" gate");
            pad(&mut note, place);
            plan.push(DeliveryRegion {
                postcode: format!("{:05}", plan.len()),
                depot: depot.clone(),
                customers,
                days: 1 + place * MOST_DAYS / of_each,
                note,
            });
        }
    }
    Ok(plan)
}
