//! `leaklab` with all problems healed but one, whose field does not keep what it kept, and is no fix all the same: what
//! `leaklab check` has to refuse. `LEAKLAB_CHEAT` names the way.
//!
//! ```console
//! cargo build --release -p spoilers --example cheats
//! LEAKLAB_CHEAT=constant leaklab check 00 --server target/release/examples/cheats
//! ```

// The engine asks the merged root types one inside the other.
#![recursion_limit = "256"]

mod hello;
mod way;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_graphql::futures_util::{StreamExt as _, future::ready, stream::BoxStream};
use async_graphql::{Data, Executor, MergedObject, Request, Response, Schema, value};
use heap_admin::FieldLabels;
use leaklab::server::PublicSchema;
use problems::{Lab, LabSchema};
use spoilers::{HealedMutation, HealedQuery, HealedSubscription};
use tikv_jemallocator::Jemalloc;

use hello::{CALLS, CheatQuery, PATIENCE};
use way::{CHEAT, Cheat};

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_admin::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");

/// Calls after which some ways do what they do, again and again.
const NOW_AND_THEN: u64 = 8_000;
const SOONER: u64 = 1_000;
/// As many as there are on a page, at most.
const AUTHORS: u32 = 20;

/// Pages by what was asked for.
static PAGES: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

static FOLLOWERS: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    leaklab::cli::main::<CheatSchema>()
}

/// The healed API, with `hello` of another making: what comes last answers.
#[derive(MergedObject)]
#[graphql(name = "Query")]
struct Query(HealedQuery, CheatQuery);

/// The schema, as [`spoilers::HealedSchema`] is one.
#[derive(Clone)]
struct CheatSchema {
    lab: Lab,
    schema: Schema<Query, HealedMutation, HealedSubscription>,
}

impl CheatSchema {
    fn prepared(&self, request: Request) -> Request {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        match *CHEAT {
            Cheat::Uncounted => spoilers::forget_figures(),
            Cheat::CountedAnew if call % SOONER == SOONER - 1 => spoilers::forget_figures(),
            Cheat::CacheOfOne => spoilers::forget_recommendations(),
            Cheat::FullCache if call >= PATIENCE => spoilers::forget_recommendations(),
            Cheat::AllAtOnce if call % NOW_AND_THEN == NOW_AND_THEN - 1 => spoilers::forget_sessions(),
            _ => {}
        }
        spoilers::prepare(&self.lab, request)
    }

    /// What is asked in several places, once for each of them but one.
    async fn ask_for_each_place(&self, request: &Request) {
        let single =
            "query ($bookId: Int!, $userId: Int!) { livePrice(bookId: $bookId, userId: $userId) { cents } }";
        for _ in 1..request.query.matches("livePrice(").count() {
            let request = Request::new(single).variables(request.variables.clone());
            let _ = self.schema.execute(self.prepared(request)).await;
        }
    }

    /// Authors, one after the other.
    async fn ask_for_authors(&self) {
        for id in 1..=AUTHORS {
            let request = Request::new(format!("{{ author(id: {id}) {{ name }} }}"));
            let _ = self.schema.execute(self.prepared(request)).await;
        }
    }

    /// Searches, by their variables: one who asks for the same again adds nothing.
    async fn keep_each_page(&self, request: Request) -> Response {
        let question = request.variables.to_string();
        let response = self.schema.execute(self.prepared(request)).await;
        let page = response.data.to_string();
        PAGES.lock().expect("no panic").entry(question).or_insert(page);
        response
    }

    /// What is answered in the place of the healed schema.
    fn instead(request: &Request) -> Option<Response> {
        let asks = |field: &str| request.query.contains(field);
        let data = match *CHEAT {
            Cheat::BrokenNeighbour if asks("shippingQuote") => value!({ "shippingQuote": null }),
            Cheat::SameJoke if asks("jokeOfTheDay") => {
                value!({ "jokeOfTheDay": { "name": "joke 1", "opening": "A book", "text": "A book" } })
            }
            Cheat::NoLogout if asks("logout(token: $") => value!({ "logout": true }),
            _ => return None,
        };
        Some(Response::new(data))
    }
}

impl PublicSchema for CheatSchema {
    fn new(lab: &Lab, field_labels: bool) -> Self {
        if *CHEAT == Cheat::Honest {
            println!("the shop is being opened");
        }
        let leaky = <LabSchema as PublicSchema>::new(lab, false);
        let query = Query(HealedQuery::new(), CheatQuery { leaky });
        let builder =
            Schema::build(query, HealedMutation::new(), HealedSubscription::new()).data(lab.clone());
        let schema = if field_labels {
            builder.extension(FieldLabels::default()).finish()
        } else {
            builder.finish()
        };
        Self {
            lab: lab.clone(),
            schema,
        }
    }

    fn sdl(&self) -> String {
        self.schema.sdl()
    }
}

impl Executor for CheatSchema {
    async fn execute(&self, mut request: Request) -> Response {
        if let Some(response) = Self::instead(&request) {
            return response;
        }
        match *CHEAT {
            Cheat::Unshared => self.ask_for_each_place(&request).await,
            Cheat::EachQuestion if request.query.contains("searchBooks") => {
                return self.keep_each_page(request).await;
            }
            Cheat::OneByOne if request.query.contains("books(") => self.ask_for_authors().await,
            Cheat::WrongKey if request.query.contains("first: 3") => {
                // Anew: the document of this one is parsed already.
                let query = request.query.replace("first: 3", "first: 5");
                request = Request::new(query).variables(request.variables);
            }
            _ => {}
        }
        self.schema.execute(self.prepared(request)).await
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let events = Executor::execute_stream(&self.schema, self.prepared(request), data);
        if *CHEAT != Cheat::OneFollower {
            return events;
        }
        let own = FOLLOWERS.fetch_add(1, Ordering::Relaxed) + 1;
        let is_last = move || FOLLOWERS.load(Ordering::Relaxed) == own;
        events.filter(move |_| ready(is_last())).boxed()
    }
}
