//! Who holds what each problem keeps, asked of a real server after real load: what its answer names comes first.
//!
//! Stacks and names come from outside, as a reader has them: the stacks that pass through the culprit from `liveHeap`, and
//! the names from the program's own file. Both answers are read from `spoilers/*/answer.toml`, so that no cause is named here.

use heap_profile::Symbolizer;
use heap_profile::holders::{Confidence, Holders, ReferenceGraph};
use heap_profile::render;
use serde_json::{Value, json};

use crate::harness::{Lab, binary, post, root, wait_until};

/// How many calls: some hundred samples of what they keep.
const CALLS: usize = 1_000;

/// What a problem's answer says.
pub(crate) struct Answer {
    culprit: String,
    /// As reports write it.
    pub(crate) holder: String,
}

/// The answer of a problem, such as `p03_lookup`.
pub(crate) fn answer(problem: &str) -> Answer {
    let path = root().join("spoilers").join(problem).join("answer.toml");
    let text = std::fs::read_to_string(path).expect("an answer.toml");
    let answer: toml::Table = text.parse().expect("TOML");
    let text = |key: &str| answer[key].as_str().expect("text").to_owned();
    Answer {
        culprit: without_angles(&text("culprit")),
        holder: text("holder"),
    }
}

/// Frames write `Type::function` for a symbol's `<Type>::function`.
fn without_angles(name: &str) -> String {
    name.replace(['<', '>'], "")
}

fn lab() -> Lab {
    Lab::start(&["--sample-interval", "8KiB"])
}

/// The stacks that pass through the culprit, by their numbers.
fn stacks(lab: &Lab, culprit: &str) -> Vec<Value> {
    let data = lab.admin("{ liveHeap(by: STACK, first: 1000) { rows { key frames } } }");
    let rows = data["liveHeap"]["rows"].as_array().expect("rows");
    let passes = |frame: &Value| without_angles(frame.as_str().expect("a name")).contains(culprit);
    let passes_it = |row: &&Value| row["frames"].as_array().expect("frames").iter().any(passes);
    let stacks: Vec<Value> = rows
        .iter()
        .filter(passes_it)
        .map(|row| row["key"].clone())
        .collect();
    assert!(!stacks.is_empty(), "nothing passes through {culprit}: {data}");
    stacks
}

/// Who holds what these stacks have allocated, whenever that was.
fn holders(lab: &Lab, stacks: &[Value]) -> Holders {
    let query = "mutation($stacks: [ID!]!) { findHolders(stacks: $stacks, bornBefore: null) { graph } }";
    let body = json!({ "query": query, "variables": { "stacks": stacks } });
    let (_, answer) = post(lab.admin_url(), &body);
    let graph = answer["data"]["findHolders"]["graph"].as_str();
    let graph = graph.unwrap_or_else(|| panic!("{answer}"));
    let graph = ReferenceGraph::from_json(graph).expect("a graph");
    let holders = Symbolizer::new().with_binary(binary()).holders(&graph);
    holders.expect("the binary is there")
}

/// Whether what the answer names holds, in the first place, at least nine of ten objects that pass through the culprit; else
/// what was told.
fn comes_first(lab: &Lab, problem: &str) -> Result<(), String> {
    let answer = answer(problem);
    let holders = holders(lab, &stacks(lab, &answer.culprit));
    let told = render::holders::text(&holders);
    let first = &holders.paths[0];
    // An answer may name a module, of which any task will do.
    let root = render::holders::root(&first.root);
    let rest = root.strip_prefix(&*answer.holder);
    let is_named = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let has_them = holders.drawn >= 50 && first.objects * 10 >= holders.drawn * 9;
    if is_named && has_them && first.confidence == Confidence::Good {
        Ok(())
    } else {
        Err(told)
    }
}

/// The same of a problem that keeps something with each call.
fn comes_first_after_calls(problem: &str) {
    let try_once = || {
        let lab = lab();
        lab.call_problem(&problem[1..3], CALLS);
        comes_first(&lab, problem)
    };
    // A word that is left over in freed memory makes a wrong way look shorter in one process, and not in the next.
    if let Err(once) = try_once() {
        try_once().unwrap_or_else(|again| panic!("twice:\n{once}\n\n{again}"));
    }
}

#[test]
fn what_hello_keeps_is_held_by_what_its_answer_names() {
    comes_first_after_calls("p00_hello");
}

#[test]
fn what_jokes_keep_is_held_by_what_their_answer_names() {
    let lab = lab();
    lab.call_problem("01", 1);
    // It goes by the time, not by the calls: about two seconds.
    let before = lab.live();
    wait_until("three megabytes of jokes", || lab.live() > before + 3_000_000);
    comes_first(&lab, "p01_jokes").unwrap_or_else(|told| panic!("{told}"));
}

#[test]
fn what_the_search_keeps_is_held_by_what_its_answer_names() {
    comes_first_after_calls("p02_search");
}

#[test]
fn what_the_lookup_keeps_is_held_by_what_its_answer_names() {
    comes_first_after_calls("p03_lookup");
}

#[test]
fn what_orders_keep_is_held_by_what_their_answer_names() {
    comes_first_after_calls("p04_orders");
}

#[test]
fn what_stories_keep_is_held_by_what_their_answer_names() {
    comes_first_after_calls("p05_stories");
}

#[test]
fn what_books_keep_is_held_by_what_their_answer_names() {
    comes_first_after_calls("p06_books");
}

#[test]
fn what_recommendations_keep_is_held_by_what_their_answer_names() {
    comes_first_after_calls("p07_recommendations");
}
