//! Every problem leaks but the innocents, and no healed field does: counted by the allocator, not sampled.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::futures_util::stream::BoxStream;
use async_graphql::futures_util::{FutureExt as _, StreamExt as _};
use async_graphql::{Executor, Request, Response, Variables};
use leaklab::{server::PublicSchema, variables::Template};
use problems::{Lab, LabSchema, LoadShape, Pace, Problem};
use spoilers::HealedSchema;
use tokio::runtime::Runtime;

use crate::{child::alone, lab};

/// Calls before the first look: what is made once is made, and the caches are full.
const WARM_UP: usize = 5_000;
/// Calls between two looks.
const CALLS: usize = 10_000;
/// Rounds of so many calls at most, for a healed field to come to rest.
const ROUNDS: usize = 5;
/// What is in a full cache takes by so many bytes more or less, now and then.
const SWAYS: i64 = 128 << 10;
/// Calls under way at a time.
const ABREAST: usize = 8;
/// Clients who follow a subscription, and read nothing.
const FOLLOWERS: usize = 16;
/// A healed field keeps less than that of each call, in bytes: what a hunt calls no growth.
const KEPT: i64 = 4;
/// Jokes between two looks at what grows by time: ten rounds, two seconds.
const JOKES: u64 = 1_000;

/// Calls a problem so many times, a few at once; hangs up on it where that is what its clients do.
async fn call(schema: &impl Executor, problem: &Problem, calls: usize) {
    // What is followed is called by what brings its events about.
    let (operation, template) = match &problem.load.trigger {
        Some(trigger) => (trigger.document.clone(), &trigger.variables),
        None => (problem.operation.to_owned(), &problem.variables),
    };
    let template = Arc::new(Template::parse(template).unwrap());
    let hangs_up = problem.load.shape == LoadShape::HangUps;
    let callers: Vec<_> = (0..ABREAST)
        .map(|_| {
            let (schema, template, operation) = (schema.clone(), Arc::clone(&template), operation.clone());
            tokio::spawn(async move {
                for _ in 0..calls / ABREAST {
                    let variables = Variables::from_json(template.expand());
                    let answer = schema.execute(Request::new(&operation).variables(variables));
                    if hangs_up {
                        // As far as it comes by itself, and then dropped, as a server does where the client has gone.
                        // Seldom it is answered so: by what an earlier one like it has left behind.
                        let _ = answer.now_or_never();
                        tokio::task::yield_now().await;
                    } else {
                        assert_eq!(answer.await.errors, []);
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

/// Clients who follow a problem that is followed, for as long as they are held. None of them reads.
async fn follow(schema: &impl Executor, problem: &Problem) -> Vec<BoxStream<'static, Response>> {
    let followers = if problem.is_subscription { FOLLOWERS } else { 0 };
    let followers = (0..followers).map(|_| {
        let mut events = schema.execute_stream(Request::new(problem.operation), None);
        assert!(events.next().now_or_never().is_none(), "nothing has happened yet");
        events
    });
    followers.collect()
}

/// The number of the latest joke.
async fn latest_joke(schema: &impl Executor) -> u64 {
    let response = schema.execute(Request::new("{ jokeOfTheDay { name } }")).await;
    let answer = response.data.into_json().unwrap();
    let name = answer["jokeOfTheDay"]["name"].as_str().unwrap();
    name.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Puts on a problem what it grows by: calls, or time.
async fn work(schema: &impl Executor, problem: &Problem, calls: usize) {
    call(schema, problem, calls).await;
    if problem.load.per == Pace::Time {
        let before = latest_joke(schema).await;
        while latest_joke(schema).await < before + JOKES {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Live heap after a purge, in bytes.
fn live() -> u64 {
    heap_recorder::purge().unwrap();
    heap_recorder::memory().unwrap().live
}

/// By how many bytes the live heap grew in each round of work, after a warm-up; no more rounds once they are `enough`.
fn growth<E: Executor>(
    new: fn(&Lab) -> E,
    quiesce: fn(&Lab, &E),
    number: &str,
    rounds: usize,
    enough: impl Fn(&[i64]) -> bool,
) -> Vec<i64> {
    let lab = lab();
    let schema = new(&lab);
    let problem = lab.find(number).unwrap();
    let runtime = Runtime::new().unwrap();
    let _followers = runtime.block_on(follow(&schema, problem));
    let look = |calls| {
        runtime.block_on(work(&schema, problem, calls));
        quiesce(&lab, &schema);
        live() as i64
    };
    let mut before = look(WARM_UP);
    let mut grown = Vec::new();
    while grown.len() < rounds && !enough(&grown) {
        let after = look(CALLS);
        grown.push(after - before);
        before = after;
    }
    grown
}

/// Bytes that the answer says `CALLS` calls leave, or the time that [`JOKES`] take.
fn expected(folder: &str) -> i64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join("answer.toml");
    let answer: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let bytes = |key: &str| answer.get(key).map(|bytes| bytes.as_integer().unwrap());
    let bytes_per_unit = bytes("bytes_per_request").or(bytes("bytes_per_cancelled_request"));
    match bytes_per_unit.or(bytes("bytes_per_event")) {
        Some(bytes) => bytes * CALLS as i64,
        None => 2 * bytes("bytes_per_second").expect("bytes by request or by second"),
    }
}

/// In [`alone`]: each has the process to itself, since some keep what they have in statics.
fn leaks(folder: &str) {
    let grown = growth(
        LabSchema::new,
        |lab, _| lab.quiesce(),
        &folder[1..3],
        2,
        |_| false,
    );
    let expected = expected(folder);
    eprintln!("{folder} leaks: {grown:?} bytes, expected about {expected} each");
    assert!(
        grown.iter().all(|bytes| *bytes > expected / 2),
        "{folder}: {grown:?} bytes, expected about {expected} each"
    );
}

/// What grows would grow in the first round, which is three times the warm-up: even a list that takes more only when it
/// doubles. And in all rounds together by more than what sways.
fn does_not_leak(folder: &str) {
    let least = |rounds: usize| KEPT * (CALLS * rounds) as i64;
    let rests = |grown: &[i64]| !grown.is_empty() && grown.iter().sum::<i64>() < least(grown.len());
    let grown = growth(
        |lab| HealedSchema::new(lab, false),
        |lab, schema| {
            lab.quiesce();
            schema.quiesce();
        },
        &folder[1..3],
        ROUNDS,
        rests,
    );
    let most = least(ROUNDS) + SWAYS;
    eprintln!("{folder} healed: {grown:?} bytes, less than {most} in all");
    assert!(
        rests(&grown) || grown.iter().sum::<i64>() < most,
        "{folder}: {grown:?} bytes, expected less than {most} in all"
    );
}

/// What an innocent may be at, between two looks, of what it fills and empties: a page of the audit book that is nearly
/// full, and the cards of the busiest moment. Over [`CALLS`] calls that is less than 1 kB of each.
const FILLS: i64 = 6 << 20;

/// An innocent holds, once it is warm, no more after many calls than after some.
fn stays_within(folder: &str) {
    let lab = lab();
    let schema = LabSchema::new(&lab);
    let problem = lab.find(&folder[1..3]).unwrap();
    let runtime = Runtime::new().unwrap();
    let look = |calls| {
        runtime.block_on(call(&schema, problem, calls));
        lab.quiesce();
        live() as i64
    };
    let cold = live() as i64;
    let (warm, once, twice) = (look(WARM_UP), look(CALLS), look(CALLS));
    eprintln!(
        "{folder}: {} bytes when warm, then {:?}",
        warm - cold,
        [once - warm, twice - once]
    );
    let most = once.max(twice) - warm;
    assert!(
        most < FILLS,
        "{folder}: {most} bytes more than when warm, expected less than {FILLS}"
    );
}

macro_rules! innocents {
    ($($problem:ident: $folder:literal,)*) => {
        $(#[test]
        fn $problem() {
            super::alone(concat!("proof::innocent::", stringify!($problem)), || super::stays_within($folder));
        })*
    };
}

mod innocent {
    innocents! {
        bestsellers_stay_within: "p17_bestsellers",
        regions_stay_within: "p18_regions",
        baskets_stay_within: "p19_basket",
        audit_stays_within: "p20_audit",
        shelves_stay_within: "p21_shelves",
        wishlists_stay_within: "p22_wishlist",
    }
}

macro_rules! problems {
    ($($problem:ident: $folder:literal,)*) => {
        $(mod $problem {
            #[test]
            fn leaks() {
                let test = concat!("proof::", stringify!($problem), "::leaks");
                super::alone(test, || super::leaks($folder));
            }

            #[test]
            fn does_not_leak_healed() {
                let test = concat!("proof::", stringify!($problem), "::does_not_leak_healed");
                super::alone(test, || super::does_not_leak($folder));
            }
        })*
    };
}

problems! {
    hello: "p00_hello",
    jokes: "p01_jokes",
    search: "p02_search",
    lookup: "p03_lookup",
    orders: "p04_orders",
    stories: "p05_stories",
    books: "p06_books",
    recommendations: "p07_recommendations",
    covers: "p08_covers",
    login: "p09_login",
    imports: "p10_imports",
    reviews: "p11_reviews",
    mail: "p12_mail",
    feed: "p13_feed",
    quotes: "p14_quotes",
    prices: "p15_prices",
    series: "p16_series",
}

#[test]
fn every_problem_is_proved() {
    let proved = include_str!("proof.rs");
    for problem in lab().problems() {
        let folder = format!("\"{}\"", problem.folder());
        assert!(proved.contains(&folder), "{folder} is not in the list above");
    }
}
