//! `login`, `session` and `logout`: who a customer is, from one request to the next.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use async_graphql::{Context, Object, Result, SimpleObject};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    shop::{User, pad},
    sync::locked,
};

/// A front page as a customer sees it.
const FRONT_PAGE_BYTES: usize = 1_536;

/// Who is logged in, by token.
static SESSIONS: LazyLock<Mutex<HashMap<String, Arc<Session>>>> = LazyLock::new(Mutex::default);

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

pub(crate) fn clear() {
    let sessions = std::mem::take(&mut *locked(&SESSIONS));
    drop(sessions);
}

/// Finishes what is put off, before anybody looks.
pub(crate) fn settle() {}

/// What can be asked of it.
pub struct LoginQuery;

#[Object]
impl LoginQuery {
    /// The session with that token, while it lasts
    #[graphql(guard = "Gate::of(9)")]
    async fn session(&self, token: String) -> Option<Arc<Session>> {
        locked(&SESSIONS).get(&token).cloned()
    }
}

/// What can be changed by it.
pub struct LoginMutation;

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
        locked(&SESSIONS).insert(session.token.clone(), Arc::clone(&session));
        Ok(session)
    }

    /// Ends the session with that token, and says whether there was one
    #[graphql(guard = "Gate::of(9)")]
    async fn logout(&self, token: String) -> bool {
        locked(&SESSIONS).remove(&token).is_some()
    }
}

fn customer(connection: &Connection, user: i64) -> rusqlite::Result<Option<User>> {
    let select = format!("SELECT {} FROM users WHERE id = ?1", User::COLUMNS);
    connection
        .prepare_cached(&select)?
        .query_row([user], User::from_row)
        .optional()
}
