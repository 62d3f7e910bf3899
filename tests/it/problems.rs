//! Each problem grows under load, is named by `compare`, and gives its memory back.
//!
//! What a problem's first site is called stands in `spoilers/`, and is read from there.

use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::harness::{Lab, leaklab, root, wait_until};

/// Calls before the first snapshot, so that what is made once does not count as growth.
const WARM_UP: usize = 500;
/// Calls between the two snapshots.
const CALLS: usize = 3_000;
/// One sample in 128 KiB on average: at 2 kB a call, some 45 samples tell the site.
const CONF: (&str, &str) = ("_RJEM_MALLOC_CONF", "lg_prof_sample:17");

struct Answer {
    culprit: String,
    growth: Growth,
}

/// What `resetProblem` gives nothing back of, as its story says.
const BEYOND_RESET: &str = "16_series";

/// Bytes per what.
enum Growth {
    Request(u64),
    CancelledRequest(u64),
    Second(u64),
    /// While somebody follows, and does not read.
    Event(u64),
}

/// Clients that follow a problem's subscription, and cause its events; they go when it is dropped.
struct Followers(Child);

impl Followers {
    fn of(lab: &Lab, id: &str) -> Self {
        let mut load = leaklab();
        load.args(["load", id, "--duration", "600", "--target", lab.public_url()]);
        let load = load
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(load.spawn().expect("leaklab load starts"))
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn answer(problem: &str) -> Answer {
    let path = root()
        .join("spoilers")
        .join(format!("p{problem}"))
        .join("answer.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let answer: toml::Table = text.parse().expect("TOML");
    let bytes = |key: &str| {
        answer
            .get(key)
            .map(|bytes| bytes.as_integer().expect("bytes") as u64)
    };
    let growth = bytes("bytes_per_request").map(Growth::Request);
    let growth = growth.or(bytes("bytes_per_cancelled_request").map(Growth::CancelledRequest));
    let growth = growth.or(bytes("bytes_per_second").map(Growth::Second));
    Answer {
        culprit: answer["culprit"].as_str().expect("a frame").to_owned(),
        growth: growth
            .or(bytes("bytes_per_event").map(Growth::Event))
            .expect("bytes"),
    }
}

fn compare(before: &Path, after: &Path) -> Value {
    let output = leaklab()
        .args(["compare", "--format", "json"])
        .args([before, after])
        .output();
    let output = output.expect("leaklab compare runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Has the problem grow; gives the bytes by which it must have grown.
///
/// What grows by time is waited for, for as long as it takes: no test fails on a slow machine.
fn heat(lab: &Lab, id: &str, growth: &Growth, cold: u64) -> u64 {
    match growth {
        Growth::Request(bytes) => {
            lab.call_problem(id, CALLS);
            bytes * CALLS as u64 / 2
        }
        Growth::CancelledRequest(bytes) => {
            // One of eight is waited for, and on some the client hangs up before the shop has begun.
            lab.call_problem(id, CALLS);
            bytes * CALLS as u64 / 4
        }
        Growth::Second(bytes) => {
            lab.call_problem(id, 10);
            wait_until("growth", || lab.live() > cold + 2 * bytes);
            2 * bytes
        }
        Growth::Event(bytes) => {
            let least = bytes * CALLS as u64;
            wait_until("growth", || lab.live() > cold + least);
            least
        }
    }
}

fn leaks_is_named_and_resets(problem: &str) {
    let id = problem.replace('_', "");
    let Answer { culprit, growth } = answer(problem);
    let lab = Lab::start_with(&[], |command| {
        command.env(CONF.0, CONF.1);
    });
    let _followers = matches!(growth, Growth::Event(_)).then(|| Followers::of(&lab, &id));
    match growth {
        Growth::Second(_) => {}
        Growth::Event(bytes) => {
            let at_rest = lab.live();
            wait_until("events", || lab.live() > at_rest + bytes * WARM_UP as u64);
        }
        _ => lab.call_problem(&id, WARM_UP),
    }
    let cold = lab.live();
    let before = lab.take_snapshot();
    let least = heat(&lab, &id, &growth, cold);
    let hot = lab.live();
    let after = lab.take_snapshot();
    assert!(
        hot > cold + least,
        "{id}: {cold} -> {hot}, expected {least} more at least"
    );

    let comparison = compare(&before, &after);
    let first = comparison["sites"][0]["function"].as_str().unwrap_or_default();
    assert!(first.contains(&culprit), "{id}: `{first}`, expected `{culprit}`");

    if problem == BEYOND_RESET {
        return;
    }
    let reset = lab.admin(&format!("mutation {{ resetProblem(id: \"{id}\") {{ live }} }}"));
    let left = reset["resetProblem"]["live"]
        .as_u64()
        .expect("bytes")
        .saturating_sub(cold);
    assert!(
        left < (hot - cold) / 5,
        "{id}: {left} bytes of {} are still held",
        hot - cold
    );
    assert!(lab.ask("{ problems { id } }").get("errors").is_none());
}

#[test]
fn one_reset_gives_back_what_tens_of_thousands_of_calls_have_left() {
    let lab = Lab::start(&[]);
    lab.call_problem("07", WARM_UP);
    let cold = lab.live();
    lab.call_problem("07", 40_000);
    let hot = lab.live();
    lab.admin("mutation { resetProblem(id: \"07\") { live } }");
    let left = lab.live().saturating_sub(cold);
    assert!(hot > cold + (50 << 20), "{cold} -> {hot}");
    assert!(
        left < (hot - cold) / 20,
        "{left} bytes of {} are still held",
        hot - cold
    );
}

macro_rules! problems {
    ($($test:ident: $problem:literal,)*) => {
        $(#[test] fn $test() { leaks_is_named_and_resets($problem); })*
    };
}

problems! {
    hello_grows_is_named_and_resets: "00_hello",
    jokes_grows_is_named_and_resets: "01_jokes",
    search_grows_is_named_and_resets: "02_search",
    lookup_grows_is_named_and_resets: "03_lookup",
    orders_grows_is_named_and_resets: "04_orders",
    stories_grows_is_named_and_resets: "05_stories",
    books_grows_is_named_and_resets: "06_books",
    recommendations_grows_is_named_and_resets: "07_recommendations",
    covers_grows_is_named_and_resets: "08_covers",
    login_grows_is_named_and_resets: "09_login",
    imports_grows_is_named_and_resets: "10_imports",
    reviews_grows_is_named_and_resets: "11_reviews",
    mail_grows_is_named_and_resets: "12_mail",
    feed_grows_is_named_and_resets: "13_feed",
    quotes_grows_is_named_and_resets: "14_quotes",
    prices_grows_is_named_and_resets: "15_prices",
    series_grows_and_is_named: "16_series",
}
