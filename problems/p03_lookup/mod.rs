//! `user(id)`: a customer's profile, with the card that is printed for the counter.

use std::sync::{Arc, Mutex};

use async_graphql::{Context, Object, Result};
use rusqlite::OptionalExtension;

use crate::{
    Lab,
    errors::internal,
    guard::Gate,
    shop::{User, pad},
    sync::locked,
};

/// A card is one printed page.
const CARD_BYTES: usize = 2 * 1024;

/// What the counter looked at last.
static LATEST: Mutex<Option<Arc<Visit>>> = Mutex::new(None);

/// A look at a profile.
struct Visit {
    _profile: Arc<Profile>,
    /// What the counter looked at before.
    previous: Option<Arc<Visit>>,
}

/// What the shop knows of a customer.
struct Profile {
    user: User,
    card: String,
}

/// A customer, with their card
#[Object(name = "UserProfile")]
impl Profile {
    /// Number
    async fn id(&self) -> i64 {
        self.user.id
    }

    /// Full name
    async fn name(&self) -> &str {
        &self.user.name
    }

    /// Where they live
    async fn city(&self) -> &str {
        &self.user.city
    }

    /// What they like to read
    async fn genre(&self) -> &str {
        &self.user.genre
    }

    /// The day of their first order
    async fn member_since(&self) -> &str {
        &self.user.member_since
    }

    /// The card that is printed for the counter
    async fn card(&self) -> &str {
        &self.card
    }
}

/// Puts a profile on the counter.
fn show(profile: &Arc<Profile>) {
    let mut latest = locked(&LATEST);
    *latest = Some(Arc::new(Visit {
        _profile: Arc::clone(profile),
        previous: latest.take(),
    }));
}

pub(crate) fn clear() {
    let mut next = locked(&LATEST).take();
    while let Some(visit) = next {
        next = Arc::into_inner(visit).and_then(|visit| visit.previous);
    }
}

/// What can be asked of it.
pub struct LookupQuery;

#[Object]
impl LookupQuery {
    /// The customer with that number
    #[graphql(guard = "Gate::of(3)")]
    async fn user(&self, ctx: &Context<'_>, id: i64) -> Result<Option<Arc<Profile>>> {
        let db = ctx.data::<Lab>()?.bookshop().db();
        let select = format!("SELECT {} FROM users WHERE id = ?1", User::COLUMNS);
        let found = db
            .call(move |conn| {
                conn.prepare_cached(&select)?
                    .query_row([id], User::from_row)
                    .optional()
            })
            .await
            .map_err(internal)?;
        let Some(user) = found else {
            return Ok(None);
        };
        let mut card = String::with_capacity(CARD_BYTES);
        card.push_str(&user.name);
        card.push_str(&user.city);
        pad(&mut card, user.name.len());
        let profile = Arc::new(Profile { user, card });
        show(&profile);
        Ok(Some(profile))
    }
}
