//! What it costs to find who holds 512 drawn objects, in a graph of 32,000 objects and 200,000 pointers.
//!
//! `cargo bench -p heap-profile --bench holders [-- --rounds N]`. Three graphs: pointers anywhere, in many circles; pointers
//! upwards alone, by many ways; one list that is linked in both directions. Prints the median over rounds in CPU time, how
//! far they are spread, and reading the graph from JSON for comparison. Nothing here is a test.

use std::hint::black_box;

use cpu_time::ThreadTime;

use heap_profile::holders::{
    CodeAddress, Edge, Holder, MappedFile, Names, Object, REFERENCE_GRAPH_VERSION, ReferenceGraph, Root,
    holders,
};

const ROUNDS: usize = 10;
const TARGETS: u32 = 512;
const OBJECTS: u32 = 32_000;
const POINTERS: u32 = 196_000;
const ROOTS: u32 = 4_000;
/// How much farther up what holds an object is, at most.
const CLIMB: u32 = 900;
const BOUND_MS: f64 = 1_000.0;

fn main() {
    let mut args = std::env::args().skip_while(|arg| arg != "--rounds").skip(1);
    let rounds = args
        .next()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(ROUNDS);
    let mut random = fastrand::Rng::with_seed(7);
    let tangle = graph(|_| (random.u32(..OBJECTS), random.u32(..OBJECTS)));
    let mut random = fastrand::Rng::with_seed(8);
    let layers = graph(|_| {
        let held = random.u32(..OBJECTS - CLIMB);
        (held + 1 + random.u32(..CLIMB - 1), held)
    });
    let list = graph(|at| {
        let (one, next) = (at / 2 % (OBJECTS - 1), at / 2 % (OBJECTS - 1) + 1);
        if at % 2 == 0 { (one, next) } else { (next, one) }
    });
    for (name, graph) in [("tangle", tangle), ("layers", layers), ("list", list)] {
        let json = graph.to_json();
        let found = measure(rounds, || drop(black_box(holders(&graph, &Names::default()))));
        let read = measure(rounds, || {
            drop(black_box(ReferenceGraph::from_json(&json).expect("a graph")))
        });
        print(&format!("{name}, holders (bound {BOUND_MS} ms)"), &found);
        print(&format!("{name}, reading the graph"), &read);
        println!("ratio {:.1}", found[rounds / 2] / read[rounds / 2]);
    }
}

/// A graph with these pointers, from one object to another, and a root for some objects each.
fn graph(mut pointer: impl FnMut(u32) -> (u32, u32)) -> ReferenceGraph {
    let object = |at: u32| Object {
        bytes: 16 * u64::from(1 + at * 7_919 % 13),
        explored: true,
        ..Object::default()
    };
    let root = |at: u32| Root::Static {
        at: CodeAddress {
            file: 0,
            address: u64::from(at) * 8,
        },
    };
    let pointers = (0..POINTERS).map(|at| {
        let (holder, held) = pointer(at);
        edge(Holder::Object(holder), held)
    });
    let of_roots = (0..ROOTS).map(|at| edge(Holder::Root(at), OBJECTS - 1 - at % CLIMB));
    ReferenceGraph {
        version: REFERENCE_GRAPH_VERSION,
        survivors: u64::from(TARGETS),
        targets: (0..TARGETS).collect(),
        objects: (0..OBJECTS).map(object).collect(),
        roots: (0..ROOTS).map(root).collect(),
        edges: pointers.chain(of_roots).collect(),
        files: vec![MappedFile::default()],
        ..ReferenceGraph::default()
    }
}

fn edge(holder: Holder, held: u32) -> Edge {
    Edge {
        holder,
        offset: 0,
        held,
        into: 0,
        chain: 0,
        vtable: None,
    }
}

/// Milliseconds of CPU time of each round, sorted: other work on the machine is not in them.
fn measure(rounds: usize, mut work: impl FnMut()) -> Vec<f64> {
    let round = |_| {
        let start = ThreadTime::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    };
    let mut took: Vec<f64> = (0..rounds.max(1)).map(round).collect();
    took.sort_by(f64::total_cmp);
    took
}

fn print(name: &str, took: &[f64]) {
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    println!("{name}: {:.1} ms ({:.1} to {:.1})", at(50), at(10), at(90));
}
