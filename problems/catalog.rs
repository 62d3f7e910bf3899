//! The problems as people know them: id, title, story, and the operation that runs them.
//!
//! Each folder's `problem.toml` is embedded.

use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::parser::{parse_query, types::OperationType};
use serde::Deserialize;
use serde_json::Value;

/// Manifest and operation document of a problem: its folder, and its id.
macro_rules! source {
    ($folder:literal, $id:literal) => {
        (
            include_str!(concat!($folder, "/problem.toml")),
            include_str!(concat!("../schema/operations/", $id, ".graphql")),
        )
    };
}

/// Of each problem, in the order of their numbers.
const SOURCES: &[(&str, &str)] = &[
    source!("p00_hello", "00hello"),
    source!("p01_jokes", "01jokes"),
    source!("p02_search", "02search"),
    source!("p03_lookup", "03lookup"),
    source!("p04_orders", "04orders"),
    source!("p05_stories", "05stories"),
    source!("p06_books", "06books"),
    source!("p07_recommendations", "07recommendations"),
    source!("p08_covers", "08covers"),
    source!("p09_login", "09login"),
    source!("p10_imports", "10imports"),
    source!("p11_reviews", "11reviews"),
    source!("p12_mail", "12mail"),
    source!("p13_feed", "13feed"),
    source!("p14_quotes", "14quotes"),
    source!("p15_prices", "15prices"),
    source!("p16_series", "16series"),
    source!("p17_bestsellers", "17bestsellers"),
    source!("p18_regions", "18regions"),
    source!("p19_basket", "19basket"),
    source!("p20_audit", "20audit"),
    source!("p21_shelves", "21shelves"),
    source!("p22_wishlist", "22wishlist"),
];

/// What a problem's fields may keep at hand unless its manifest says otherwise, in bytes.
const DEFAULT_KEEPS: u64 = 1 << 20;

/// One problem, as its folder describes it.
#[derive(Debug)]
pub struct Problem {
    /// Number and name: `00hello`.
    pub id: String,
    /// Its number in the catalogue.
    pub number: u8,
    /// Its name: `hello`.
    pub name: String,
    /// What it is called on the board.
    pub title: String,
    /// What the shop wants, and what the engineer on call sees.
    pub story: String,
    /// The fields that belong to it: `Query.hello`.
    pub fields: Vec<String>,
    /// The GraphQL document that runs it.
    pub operation: &'static str,
    /// Whether that document is followed, and not asked: a subscription.
    pub is_subscription: bool,
    /// The file of that document in `schema/operations`.
    pub operation_file: String,
    /// Its variables: a template, to be filled afresh for each call.
    pub variables: Value,
    /// Variables that are good for one call as they are.
    pub example: Value,
    /// `data` as a right response has it; the values are examples.
    pub response: Value,
    /// The load that shows it.
    pub load: LoadRecipe,
    /// What its fields have to do, however they are written.
    pub requires: Requirements,
    calls: AtomicU64,
}

impl Problem {
    /// The name of its folder, in `problems/` and in `spoilers/`: `p00_hello`.
    pub fn folder(&self) -> String {
        format!("p{:02}_{}", self.number, self.name)
    }

    /// How many calls its field has let through since the start.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

/// A load that shows the problem: what the load driver puts on unless told otherwise. A hunt takes the shape alone: how much
/// it puts on is its own affair.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadRecipe {
    /// What the clients do.
    #[serde(default)]
    pub shape: LoadShape,
    /// Connections at a time.
    pub connections: usize,
    /// Requests under way on each connection.
    pub pipelining: usize,
    /// What to watch the memory by.
    pub per: Pace,
    /// With [`LoadShape::Stalled`]: what is called meanwhile, so that there are events.
    pub trigger: Option<Call>,
}

/// What the clients of a load do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadShape {
    /// Send requests on connections that are kept open.
    #[default]
    Requests,
    /// Open a new connection for each request.
    Connections,
    /// Hang up on most requests before the answer comes.
    HangUps,
    /// Subscribe, and read no events.
    Stalled,
}

/// An operation beside the problem's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The GraphQL document.
    pub document: String,
    /// Its variables: a template. In [`Requirements::then`] a string that begins with `/` is a JSON pointer into the
    /// `data` of the answer to the problem's operation.
    #[serde(default = "no_variables")]
    pub variables: Value,
}

/// What the problem's fields have to do, however they are written: what a change to them is judged by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requirements {
    /// Most bytes of live heap that the fields may keep at hand under any load.
    pub keeps: u64,
    /// So many different questions, the latest ones, are answered again without the database.
    pub remembers: u32,
    /// What a call has brought about is known to those that follow it, after so many others.
    pub recalls: u32,
    /// Variables of questions that the load has none of: a template. What is kept of thousands of them is bounded too.
    pub others: Option<Value>,
    /// JSON pointers into `data` of what may differ from call to call; nothing else may.
    pub varies: Vec<String>,
    /// Those of them that have to become another within three seconds where the same is asked again and again.
    pub renews: Vec<String>,
    /// Calls that follow one of the problem's operation, in their order, and whose answers must be right too: those of
    /// queries within two seconds, those of mutations at once.
    pub then: Vec<Call>,
    /// Other documents about its fields, without variables, whose responses must be right too, errors included.
    pub also: Vec<String>,
    /// What the database may have to do.
    pub jobs: Option<Jobs>,
    /// Figures that each call of the problem's operation goes into.
    pub counts: Option<Count>,
}

/// A bound on what the database has to do for a document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// The GraphQL document, with the variables of the problem's operation; that operation itself if there is none.
    pub document: Option<String>,
    /// Most jobs that the database may have for it. The shop may have one of its own meanwhile.
    pub most: u64,
}

/// A histogram that the shop is watched by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The GraphQL document that asks for it: texts in the OpenMetrics format are anywhere in the `data` of its answer.
    pub document: String,
    /// Its name, without `_count` and the like. Each call is one observation, over all sets of labels together.
    pub histogram: String,
}

impl Default for Requirements {
    fn default() -> Self {
        Self {
            keeps: DEFAULT_KEEPS,
            remembers: 0,
            recalls: 0,
            others: None,
            varies: Vec::new(),
            renews: Vec::new(),
            then: Vec::new(),
            also: Vec::new(),
            jobs: None,
            counts: None,
        }
    }
}

/// What to watch the memory by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pace {
    /// By the requests made.
    Request,
    /// By the time gone by.
    Time,
}

/// `problem.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    number: u8,
    name: String,
    title: String,
    story: String,
    fields: Vec<String>,
    operation: String,
    response: String,
    #[serde(default = "no_variables")]
    variables: Value,
    #[serde(default = "no_variables")]
    example: Value,
    load: LoadRecipe,
    #[serde(default)]
    requires: Requirements,
}

fn no_variables() -> Value {
    Value::Object(serde_json::Map::new())
}

/// All problems, in the order of their numbers, each as if it was never called.
pub fn problems() -> Vec<Problem> {
    SOURCES
        .iter()
        .map(|(manifest, operation)| read(manifest, operation))
        .collect()
}

fn read(manifest: &str, operation: &'static str) -> Problem {
    let manifest: Manifest = toml::from_str(manifest).expect("embedded, and each is read by the tests");
    Problem {
        id: format!("{:02}{}", manifest.number, manifest.name),
        number: manifest.number,
        name: manifest.name,
        title: manifest.title,
        story: manifest.story,
        fields: manifest.fields,
        operation,
        is_subscription: is_subscription(operation),
        operation_file: manifest.operation,
        variables: manifest.variables,
        example: manifest.example,
        response: serde_json::from_str(&manifest.response).expect("embedded, and each is read by the tests"),
        load: manifest.load,
        requires: manifest.requires,
        calls: AtomicU64::new(0),
    }
}

fn is_subscription(operation: &str) -> bool {
    let document = parse_query(operation).expect("embedded, and each is read by the tests");
    let mut operations = document.operations.iter();
    operations.any(|(_, operation)| operation.node.ty == OperationType::Subscription)
}
