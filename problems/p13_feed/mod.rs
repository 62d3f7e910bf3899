//! `orderFeed`: where the parcels are, scan by scan, for those who follow the orders.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, Weak},
};

use async_graphql::{Context, Object, Result, SimpleObject, Subscription};
use futures_util::{Stream, stream};
use rusqlite::OptionalExtension;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    input::{MAX_WORDS, text},
    shop::pad,
    sync::locked,
};

/// What the scanner prints.
const SLIP_BYTES: usize = 1024;

/// Those who follow the orders.
static FOLLOWERS: Mutex<Vec<Follower>> = Mutex::new(Vec::new());

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

type Inbox = Mutex<UnboundedReceiver<Arc<ParcelScan>>>;

/// Somebody who follows the orders: gone when their inbox is.
struct Follower {
    scans: UnboundedSender<Arc<ParcelScan>>,
    inbox: Weak<Inbox>,
}

impl Follower {
    /// A new one, who hears of each scan from now on.
    fn join() -> Arc<Inbox> {
        let (scans, inbox) = unbounded_channel();
        let inbox = Arc::new(Mutex::new(inbox));
        locked(&FOLLOWERS).push(Self {
            scans,
            inbox: Arc::downgrade(&inbox),
        });
        inbox
    }
}

/// Tells all who follow.
fn announce(scan: &Arc<ParcelScan>) {
    locked(&FOLLOWERS).retain(|follower| follower.scans.send(Arc::clone(scan)).is_ok());
}

/// Ends the feed for those who follow it.
pub(crate) fn clear() {
    let followers = std::mem::take(&mut *locked(&FOLLOWERS));
    for inbox in followers.iter().filter_map(|follower| follower.inbox.upgrade()) {
        let mut inbox = locked(&inbox);
        inbox.close();
        while inbox.try_recv().is_ok() {}
    }
}

/// What can be followed of it.
pub struct FeedSubscription;

#[Subscription]
impl FeedSubscription {
    /// Each scan of a parcel, in order
    #[graphql(guard = "Gate::of(13)")]
    async fn order_feed(&self) -> impl Stream<Item = Arc<ParcelScan>> + use<> {
        stream::unfold(Follower::join(), |inbox| async move {
            let scan = poll_fn(|context| locked(&inbox).poll_recv(context)).await?;
            Some((scan, inbox))
        })
    }
}

/// What can be changed by it.
pub struct FeedMutation;

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
