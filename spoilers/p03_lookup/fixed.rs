//! `user(id)`: a customer's profile, with the card that is printed for the counter.
//!
//! Wrong: each look linked to the one before it, that one to the one before it, and so on to the first.
//! Healed: a look has the profile that was shown before, and not that profile's own history. The link is cut.

use std::sync::{Arc, Mutex};

use async_graphql::{Context, Object, Result};
use problems::{
    Lab,
    parts::{Gate, internal, locked},
    shop::{User, pad},
};
use rusqlite::OptionalExtension;

/// A card is one printed page.
const CARD_BYTES: usize = 2 * 1024;

/// What the counter looked at last.
static LATEST: Mutex<Option<Visit>> = Mutex::new(None);

/// A look at a profile.
struct Visit {
    profile: Arc<Profile>,
    /// What the counter looked at before.
    _previous: Option<Arc<Profile>>,
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
    *latest = Some(Visit {
        profile: Arc::clone(profile),
        _previous: latest.take().map(|visit| visit.profile),
    });
}

pub(crate) struct LookupQuery;

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
