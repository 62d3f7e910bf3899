//! `login`, `session` and `logout`: who a customer is, from one request to the next.
//!
//! Wrong: a session ended only where somebody logged out. Browsers are closed, and robots never log out.
//! Healed: sessions end by themselves: those that nobody used for half an hour, and before that the least lately
//! used, once there are too many.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_graphql::{Context, Object, Result, SimpleObject};
use moka::{policy::EvictionPolicy, sync::Cache};
use problems::{
    Lab,
    parts::{Gate, internal, not_found},
    shop::{User, pad},
};
use rusqlite::{Connection, OptionalExtension};

/// A front page as a customer sees it.
const FRONT_PAGE_BYTES: usize = 1_536;

/// How long a session lasts that nobody uses.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Most sessions at a time. Time alone sets no limit: half an hour of logins is as much as callers like.
const MOST: u64 = 2_500;

/// Who is logged in, by token.
static SESSIONS: LazyLock<Cache<String, Arc<Session>>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(MOST)
        .eviction_policy(EvictionPolicy::lru())
        .time_to_idle(IDLE)
        .build()
});

/// A customer who is logged in
#[derive(SimpleObject)]
struct Session {
    /// What the browser shows to be known again
    token: String,
    /// Who it is
    user: User,
    /// The front page, made for them
    front_page: String,
}

impl Session {
    fn new(user: User) -> Self {
        let mut front_page = String::with_capacity(FRONT_PAGE_BYTES);
        front_page.push_str("Welcome back, ");
        front_page.push_str(&user.name);
        pad(&mut front_page, user.genre.len());
        Self {
            token: format!("{:032x}", fastrand::u128(..)),
            user,
            front_page,
        }
    }
}

pub(crate) fn settle() {
    // Where nobody has asked yet there is nothing to do, and no cache to be made for it.
    if let Some(known) = LazyLock::get(&SESSIONS) {
        known.run_pending_tasks();
    }
}

pub(crate) fn forget() {
    SESSIONS.invalidate_all();
}

pub(crate) struct LoginQuery;

#[Object]
impl LoginQuery {
    /// The session with that token, while it lasts
    #[graphql(guard = "Gate::of(9)")]
    async fn session(&self, token: String) -> Option<Arc<Session>> {
        SESSIONS.get(&token)
    }
}

pub(crate) struct LoginMutation;

#[Object]
impl LoginMutation {
    /// Lets the customer with that number in
    #[graphql(guard = "Gate::of(9)")]
    async fn login(&self, ctx: &Context<'_>, user: i64) -> Result<Arc<Session>> {
        let db = ctx.data::<Lab>()?.bookshop().db();
        let found = db
            .call(move |conn| customer(conn, user))
            .await
            .map_err(internal)?;
        let found = found.ok_or_else(|| not_found(format!("no user has the id {user}")))?;
        let session = Arc::new(Session::new(found));
        SESSIONS.insert(session.token.clone(), Arc::clone(&session));
        Ok(session)
    }

    /// Ends the session with that token, and says whether there was one
    #[graphql(guard = "Gate::of(9)")]
    async fn logout(&self, token: String) -> bool {
        SESSIONS.remove(&token).is_some()
    }
}

fn customer(connection: &Connection, user: i64) -> rusqlite::Result<Option<User>> {
    let select = format!("SELECT {} FROM users WHERE id = ?1", User::COLUMNS);
    connection
        .prepare_cached(&select)?
        .query_row([user], User::from_row)
        .optional()
}
