//! The program's own functions by all that changed below them: for growth that is spread over many call sites, such as a
//! schema that is built anew with each reload, whose pieces come from hundreds of stacks.
//!
//! A function counts once for each stack that it is on, and for all of that stack. `main` would come first, then whatever
//! calls whatever calls the culprit; so a function is left out where it says no more than a single one of its callees:
//!
//! > f is left out if some g, nearer to the leaf on the same stacks, is on 95 % or more of what changed below f
//!
//! What changed is the sum of each stack's growth or shrinkage, without its sign. What is left is ranked by growth: first
//! the innermost function that still has nearly all of it, then those that it is divided between.

use std::cmp::Reverse;

use super::change::Sums;
use super::fold::Folded;
use super::view::{Row, ranked};
use crate::symbolize::Frame;

/// A callee that has this share of what changed says all that its caller could say.
const NEARLY_ALL: f64 = 0.95;
/// Only those below which most changed are weighed against each other. It bounds the work on a hostile file.
const MOST: usize = 128;

/// A function of the program's own.
struct Function<'a> {
    frame: &'a Frame,
    sums: Sums,
    /// What changed, in bytes and without its sign.
    touched: u64,
    /// Its place among those that are weighed.
    rank: Option<usize>,
}

/// A stack that changed: its own functions, the innermost first, each once.
struct Chain {
    /// The numbers of a function and of a frame of it.
    functions: Vec<(u32, u32)>,
    sums: Sums,
}

impl Chain {
    fn touched(&self) -> u64 {
        self.sums.net_bytes().unsigned_abs()
    }
}

pub(super) fn rows(folded: &mut Folded<'_>, counts_objects: bool) -> Vec<Row> {
    let chains = chains(folded);
    let mut functions = functions(folded, &chains);
    let weighed = rank(&mut functions);
    let says_more = says_more(&functions, &chains, weighed);
    let kept = functions
        .iter()
        .filter_map(Option::as_ref)
        .filter(|function| function.rank.is_some_and(|rank| says_more[rank]));
    let rows = kept.map(|function| {
        let frame = Frame {
            line: None,
            ..function.frame.clone()
        };
        let name = crate::names::without_closures(&frame.function).to_owned();
        Row::new(Some(name), frame.place(), function.sums.change(counts_objects))
    });
    ranked(rows.collect())
}

fn chains(folded: &mut Folded<'_>) -> Vec<Chain> {
    let of_stack = folded.changes_by_stack(|_| true);
    let Folded { table, stacks, .. } = folded;
    let mut chains = Vec::new();
    // When each function was seen last: which of them a stack has already needs no set of its own.
    let mut seen_at: Vec<usize> = Vec::new();
    for (at, (stack, sums)) in stacks.iter().zip(of_stack).enumerate() {
        let mut functions = Vec::new();
        for frame in &stack.numbers {
            if !table.facts(*frame).is_own {
                continue;
            }
            let function = table.function(*frame);
            seen_at.resize(table.functions(), usize::MAX);
            if std::mem::replace(&mut seen_at[function as usize], at) != at {
                functions.push((function, *frame));
            }
        }
        chains.push(Chain { functions, sums });
    }
    chains
}

/// By number; nothing for those that are on no stack.
fn functions<'a>(folded: &Folded<'a>, chains: &[Chain]) -> Vec<Option<Function<'a>>> {
    let mut functions: Vec<Option<Function<'a>>> = Vec::new();
    functions.resize_with(folded.table.functions(), || None);
    for chain in chains {
        for (function, frame) in &chain.functions {
            let function = functions[*function as usize].get_or_insert_with(|| Function {
                frame: folded.table.facts(*frame).frame,
                sums: Sums::default(),
                touched: 0,
                rank: None,
            });
            function.sums.add(chain.sums);
            function.touched = function.touched.saturating_add(chain.touched());
        }
    }
    functions
}

/// Numbers those below which most changed; says how many these are.
fn rank(functions: &mut [Option<Function<'_>>]) -> usize {
    let mut changed: Vec<&mut Function<'_>> = functions
        .iter_mut()
        .filter_map(Option::as_mut)
        .filter(|function| !function.sums.is_none())
        .collect();
    fn name<'a>(function: &Function<'a>) -> (&'a str, Option<&'a str>) {
        (&function.frame.function, function.frame.file.as_deref())
    }
    changed.sort_by(|a, b| {
        Reverse(a.touched)
            .cmp(&Reverse(b.touched))
            .then_with(|| name(a).cmp(&name(b)))
    });
    for (rank, function) in changed.iter_mut().take(MOST).enumerate() {
        function.rank = Some(rank);
    }
    changed.len().min(MOST)
}

/// Of each of those that are weighed, whether it says more than any one of its callees.
fn says_more(functions: &[Option<Function<'_>>], chains: &[Chain], weighed: usize) -> Vec<bool> {
    let mut shared = vec![0u64; weighed * weighed];
    for chain in chains {
        let rank = |(function, _): &(u32, u32)| functions[*function as usize].as_ref()?.rank;
        let ranks: Vec<usize> = chain.functions.iter().filter_map(rank).collect();
        for (at, outer) in ranks.iter().enumerate() {
            for inner in &ranks[..at] {
                let shared = &mut shared[outer * weighed + inner];
                *shared = shared.saturating_add(chain.touched());
            }
        }
    }
    let mut says_more = vec![true; weighed];
    for function in functions.iter().filter_map(Option::as_ref) {
        let Some(rank) = function.rank else { continue };
        let most = shared[rank * weighed..][..weighed].iter().max();
        // Without net growth there is nothing to divide.
        let nearly_all = (function.touched as f64 * NEARLY_ALL).max(1.0);
        says_more[rank] = most.is_none_or(|most| (*most as f64) < nearly_all);
    }
    says_more
}
