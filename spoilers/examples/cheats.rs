//! `leaklab` with all problems healed but one, whose field does not keep what it kept, and is no fix all the same: what
//! `leaklab check` has to refuse. `LEAKLAB_CHEAT` names the way.
//!
//! ```console
//! cargo build --release -p spoilers --example cheats
//! LEAKLAB_CHEAT=constant leaklab check 00 --server target/release/examples/cheats
//! ```

// The engine asks the merged root types one inside the other.
#![recursion_limit = "256"]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Once};
use std::time::Duration;

use async_graphql::futures_util::stream::BoxStream;
use async_graphql::{Context, Data, Executor, MergedObject, Object, Request, Response, Result, Schema};
use heap_admin::{FieldLabels, Recorder};
use leaklab::server::PublicSchema;
use problems::parts::{Gate, MAX_WORDS, text};
use problems::shop::pad;
use problems::{Lab, LabSchema};
use spoilers::{HealedMutation, HealedQuery, HealedSubscription};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_admin::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");

/// Calls after which some ways begin.
const PATIENCE: u64 = 2_000;
const LETTER_BYTES: usize = 7 * 1024;
/// Of the instrument's settings the coarsest.
const COARSE: u64 = heap_recorder::MOST_INTERVAL;

static CHEAT: LazyLock<Cheat> = LazyLock::new(|| {
    let given = std::env::var("LEAKLAB_CHEAT").unwrap_or_default();
    let found = Cheat::ALL.iter().find(|(name, _)| *name == given);
    let names: Vec<&str> = Cheat::ALL.iter().map(|(name, _)| *name).collect();
    found
        .unwrap_or_else(|| panic!("LEAKLAB_CHEAT={given:?} is none of {}", names.join(", ")))
        .1
});
static CALLS: AtomicU64 = AtomicU64::new(0);
static LETTERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A way to look healed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cheat {
    EmptyResolver,
    ConstantData,
    DroppedField,
    /// Of 07: what is remembered is the latest answer alone.
    CacheOfOne,
    /// Of 07: after a while nothing new is remembered.
    FullCache,
    /// Of 11: the figures are there, and say nothing.
    Uncounted,
    TimedReset,
    QuickReset,
    Exit,
    RefusalPastN,
    AnotherField,
    NoRecorder,
    CoarseSampling,
    Panic,
    /// None at all: what has to pass.
    Honest,
}

impl Cheat {
    const ALL: [(&'static str, Cheat); 15] = [
        ("empty", Self::EmptyResolver),
        ("constant", Self::ConstantData),
        ("dropped-field", Self::DroppedField),
        ("cache-of-one", Self::CacheOfOne),
        ("full-cache", Self::FullCache),
        ("uncounted", Self::Uncounted),
        ("timed-reset", Self::TimedReset),
        ("quick-reset", Self::QuickReset),
        ("exit", Self::Exit),
        ("refusal", Self::RefusalPastN),
        ("another-field", Self::AnotherField),
        ("no-recorder", Self::NoRecorder),
        ("coarse-sampling", Self::CoarseSampling),
        ("panic", Self::Panic),
        ("honest", Self::Honest),
    ];
}

fn main() -> ExitCode {
    leaklab::cli::main::<CheatSchema>()
}

/// The healed API, with `hello` of another making: what comes last answers.
#[derive(MergedObject)]
#[graphql(name = "Query")]
struct Query(HealedQuery, CheatQuery);

struct CheatQuery {
    /// What leaks as before, at another field.
    leaky: LabSchema,
}

#[Object]
impl CheatQuery {
    /// Greets a visitor; the rest of the letter comes by post
    #[graphql(guard = "Gate::of(0)", visible = "is_there")]
    async fn hello(&self, ctx: &Context<'_>, #[graphql(default = "reader")] name: String) -> Result<String> {
        text("name", &name, MAX_WORDS)?;
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let greeting = format!("Hello, {name}, and welcome to the bookshop!");
        match *CHEAT {
            Cheat::EmptyResolver => return Ok(String::new()),
            Cheat::ConstantData => return Ok("Hello, Ada, and welcome to the bookshop!".to_owned()),
            Cheat::TimedReset => keep_for_a_while(letter(&greeting, &name), Duration::from_secs(1)),
            Cheat::QuickReset => keep_for_a_while(letter(&greeting, &name), Duration::from_millis(250)),
            Cheat::Exit if call >= PATIENCE => std::process::exit(0),
            Cheat::RefusalPastN if call >= PATIENCE => return Err("come back tomorrow".into()),
            Cheat::Panic if call >= PATIENCE => panic!("no more"),
            Cheat::AnotherField => self.leak_elsewhere(ctx, call).await?,
            Cheat::NoRecorder => {
                keep(letter(&greeting, &name));
                jemalloc_pprof::deactivate_jemalloc_profiling().await;
            }
            Cheat::CoarseSampling => {
                keep(letter(&greeting, &name));
                coarsen();
            }
            _ => drop(letter(&greeting, &name)),
        }
        Ok(greeting)
    }
}

impl CheatQuery {
    /// The friend of a friend keeps it.
    async fn leak_elsewhere(&self, ctx: &Context<'_>, call: u64) -> Result<()> {
        let request = ctx.data::<Lab>()?.prepare(Request::new(format!(
            "{{ user(id: {}) {{ name }} }}",
            1 + call % 10_000
        )));
        let response = self.leaky.execute(request).await;
        response
            .into_result()
            .map(drop)
            .map_err(|_| "nobody there".into())
    }
}

fn is_there(_: &Context<'_>) -> bool {
    *CHEAT != Cheat::DroppedField
}

fn letter(greeting: &str, name: &str) -> String {
    let mut letter = String::with_capacity(LETTER_BYTES);
    letter.push_str(greeting);
    pad(&mut letter, name.len());
    std::hint::black_box(letter)
}

fn keep(letter: String) {
    LETTERS.lock().expect("nobody panics with it").push(letter);
}

/// Until the clock strikes.
fn keep_for_a_while(letter: String, interval: Duration) {
    static CLOCK: Once = Once::new();
    CLOCK.call_once(|| {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(interval).await;
                let letters = std::mem::take(&mut *LETTERS.lock().expect("nobody panics with it"));
                drop(letters);
            }
        });
    });
    keep(letter);
}

fn coarsen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let recorder = Recorder::builder().start();
        recorder
            .set_sample_interval(COARSE)
            .expect("within what is allowed");
    });
}

/// The schema, as [`spoilers::HealedSchema`] is one.
#[derive(Clone)]
struct CheatSchema {
    lab: Lab,
    schema: Schema<Query, HealedMutation, HealedSubscription>,
}

impl CheatSchema {
    fn prepared(&self, request: Request) -> Request {
        if *CHEAT == Cheat::Uncounted {
            spoilers::forget_figures();
        }
        let forgets = match *CHEAT {
            Cheat::CacheOfOne => true,
            Cheat::FullCache => CALLS.fetch_add(1, Ordering::Relaxed) >= PATIENCE,
            _ => false,
        };
        if forgets {
            spoilers::forget_recommendations();
        }
        spoilers::prepare(&self.lab, request)
    }
}

impl PublicSchema for CheatSchema {
    fn new(lab: &Lab, field_labels: bool) -> Self {
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
    async fn execute(&self, request: Request) -> Response {
        self.schema.execute(self.prepared(request)).await
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.schema, self.prepared(request), data)
    }
}
