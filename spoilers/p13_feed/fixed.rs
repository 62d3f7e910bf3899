//! `orderFeed`: where the parcels are, scan by scan, for those who follow the orders.
//!
//! Wrong: each follower had a channel without a bound, and what was sent waited there for as long as a connection was
//! open, whether or not anybody read.
//! Healed: the channel has a bound. A follower who is that far behind is let go: their feed ends, and they may
//! come back.

use std::sync::{Arc, Mutex};

use async_graphql::{
    Context, Object, Result, SimpleObject, Subscription,
    futures_util::{Stream, stream},
};
use problems::{
    Lab,
    parts::{Gate, MAX_WORDS, internal, locked, not_found, text},
    shop::pad,
};
use rusqlite::OptionalExtension;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// What the scanner prints.
const SLIP_BYTES: usize = 1024;

/// Scans that a follower may fall behind.
const WAITING: usize = 256;

/// Those who follow the orders.
static FOLLOWERS: Mutex<Vec<Sender<Arc<ParcelScan>>>> = Mutex::new(Vec::new());

/// A parcel was scanned somewhere
#[derive(SimpleObject)]
struct ParcelScan {
    /// The order's number
    order_id: i64,
    /// Where its parcel is
    place: String,
    /// What the scanner printed
    slip: String,
}

/// A new follower, who hears of each scan from now on.
fn join() -> Receiver<Arc<ParcelScan>> {
    let (scans, inbox) = channel(WAITING);
    let mut followers = locked(&FOLLOWERS);
    followers.retain(|follower| !follower.is_closed());
    followers.push(scans);
    inbox
}

/// Tells all who follow. Who has gone, or has no room left, follows no more.
fn announce(scan: &Arc<ParcelScan>) {
    locked(&FOLLOWERS).retain(|follower| follower.try_send(Arc::clone(scan)).is_ok());
}

pub(crate) struct FeedSubscription;

#[Subscription]
impl FeedSubscription {
    /// Each scan of a parcel, in order
    #[graphql(guard = "Gate::of(13)")]
    async fn order_feed(&self) -> impl Stream<Item = Arc<ParcelScan>> + use<> {
        stream::unfold(join(), |mut inbox| async move {
            let scan = inbox.recv().await?;
            Some((scan, inbox))
        })
    }
}

pub(crate) struct FeedMutation;

#[Object]
impl FeedMutation {
    /// Notes that the parcel of an order was scanned at a place, and tells those who follow the orders
    #[graphql(guard = "Gate::below(13)")]
    async fn scan_parcel(&self, ctx: &Context<'_>, order_id: i64, place: String) -> Result<Arc<ParcelScan>> {
        text("place", &place, MAX_WORDS)?;
        let db = ctx.data::<Lab>()?.bookshop().db();
        let ordered = db
            .call(move |conn| {
                conn.prepare_cached("SELECT placed_on FROM orders WHERE id = ?1")?
                    .query_row([order_id], |row| row.get::<_, String>(0))
                    .optional()
            })
            .await
            .map_err(internal)?;
        let ordered = ordered.ok_or_else(|| not_found(format!("no order has the id {order_id}")))?;
        let mut slip = String::with_capacity(SLIP_BYTES);
        slip.push_str(&format!("Order {order_id} of {ordered}: {place}"));
        pad(&mut slip, place.len());
        let scan = Arc::new(ParcelScan {
            order_id,
            place,
            slip,
        });
        announce(&scan);
        Ok(scan)
    }
}
