//! A web page, and a store that opens a session for every visitor who brings none.
//!
//! ```console
//! cargo run --release --example session
//! ```
//!
//! Open the address that it prints in a browser, or put load on it from a second terminal:
//!
//! ```console
//! cargo run --release -- load http://127.0.0.1:8080/ --amount 50000
//! ```
//!
//! Each `kill -USR2` of the process writes a profile; take one after some visits and one after
//! many more, then compare them. What to look at: the requests of the page in the browser's
//! network tab (what do they carry, and what do they not?), and when a session ends.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use clap::Parser;
use tikv_jemallocator::Jemalloc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");

/// A web page with sessions
#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    addr: SocketAddr,
}

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<title>Sessions</title>
<h2>Open the developer tools and watch the network tab</h2>
<p>This page asks for itself again and again: <span id="visits">0</span> times so far.</p>
<script>
  const visits = document.getElementById("visits");
  async function visit() {
    await fetch("/", { mode: "same-origin", credentials: "omit" });
    visits.textContent = Number(visits.textContent) + 1;
    setTimeout(visit, 10);
  }
  visit();
</script>
</html>
"#;

/// What the shop remembers of a visitor.
#[derive(Default)]
struct Session {
    visits: u64,
    basket: Vec<u64>,
}

type Sessions = Arc<Mutex<HashMap<String, Session>>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Sessions::default();
    let app = Router::new().route("/", get(page)).with_state(sessions.clone());
    let listener = TcpListener::bind(Args::parse().addr).await?;
    println!("http://{}", listener.local_addr()?);
    println!("kill -USR2 {} writes a profile", std::process::id());
    tokio::select! {
        served = axum::serve(listener, app) => Ok(served?),
        written = write_profiles(sessions) => written,
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}

async fn page(State(sessions): State<Sessions>, headers: HeaderMap) -> Response {
    let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(session) = session_id(&headers).and_then(|id| sessions.get_mut(id)) {
        session.visits += 1;
        return Html(PAGE).into_response();
    }
    let id = format!("{:032x}", fastrand::u128(..));
    let cookie = format!("session={id}; HttpOnly; SameSite=Lax; Path=/");
    let session = Session {
        visits: 1,
        basket: Vec::with_capacity(64),
    };
    sessions.insert(id, session);
    ([(SET_COOKIE, cookie)], Html(PAGE)).into_response()
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies
        .split("; ")
        .find_map(|cookie| cookie.strip_prefix("session="))
}

async fn write_profiles(sessions: Sessions) -> Result<(), Box<dyn std::error::Error>> {
    let mut signals = signal(SignalKind::user_defined2())?;
    for number in 1.. {
        signals.recv().await;
        let path = PathBuf::from(format!("snapshots/session-{number}.pb.gz"));
        let profile = tokio::task::spawn_blocking(heap_recorder::dump).await??;
        std::fs::create_dir_all("snapshots")?;
        std::fs::write(&path, profile)?;
        let (visits, items, open) = totals(&sessions);
        let live = heap_recorder::memory()?.live >> 20;
        println!(
            "{open} sessions, {visits} visits, {items} items in baskets, {live} MiB live: wrote {}",
            path.display()
        );
    }
    Ok(())
}

fn totals(sessions: &Sessions) -> (u64, usize, usize) {
    let sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
    let visits = sessions.values().map(|session| session.visits).sum();
    let items = sessions.values().map(|session| session.basket.len()).sum();
    (visits, items, sessions.len())
}
