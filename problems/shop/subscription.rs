//! What customers may follow: new reviews.

use async_graphql::{Context, Result, Subscription};
use futures_util::{Stream, stream};
use tokio::sync::broadcast::error::RecvError;

use super::entities::Review;
use crate::Lab;

/// The ordinary events.
pub struct ShopSubscription;

#[Subscription]
impl ShopSubscription {
    /// Each new review, of one book or of all; a follower who falls far behind misses some
    async fn review_added(
        &self,
        ctx: &Context<'_>,
        book_id: Option<i64>,
    ) -> Result<impl Stream<Item = Review> + use<>> {
        let reviews = ctx.data::<Lab>()?.bookshop().listen();
        Ok(stream::unfold(reviews, move |mut reviews| async move {
            loop {
                match reviews.recv().await {
                    Ok(review) if book_id.is_none_or(|book| book == review.book_id) => {
                        return Some((review, reviews));
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        }))
    }
}
