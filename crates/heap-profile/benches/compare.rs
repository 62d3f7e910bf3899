//! What a comparison costs: three snapshots of 10,000 stacks, by every key.
//!
//! `cargo bench -p heap-profile --bench compare [-- --rounds N]`. Snapshots as the recorder writes them, with their names known
//! already: 40 frames a stack, and for each stack a row with what was allocated and three with what is live. Prints the
//! median over rounds in CPU time, how far they are spread, and a plain walk over the same frames for comparison. Nothing here is a
//! test.

use std::hint::black_box;
use std::sync::Arc;

use cpu_time::ThreadTime;

use heap_profile::{
    BORN, COHORT, Cohort, Frame, Label, LabelValue, OBJECT_SIZE, OPERATION, Profile, STACK, SampleType,
    SnapshotInfo, Symbolized, SymbolizedSample, compare,
};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ROUNDS: usize = 50;
const STACKS: u64 = 10_000;
const SNAPSHOTS: u64 = 3;
/// How many stacks are in one snapshot and in no other, in percent.
const RARE: u64 = 3;
const BOUND_MS: f64 = 50.0;

const REGISTRY: &str = "/home/ada/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f";

fn main() {
    let mut args = std::env::args().skip_while(|arg| arg != "--rounds").skip(1);
    let rounds = args
        .next()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(ROUNDS);
    let frames = Frames::new();
    let snapshots: Vec<Symbolized> = (0..SNAPSHOTS).map(|number| snapshot(&frames, number)).collect();
    let named: Vec<(&str, &Symbolized)> = snapshots.iter().map(|snapshot| ("snapshot", snapshot)).collect();
    let rows: usize = snapshots.iter().map(|snapshot| snapshot.samples.len()).sum();
    let comparison = compare(&named).expect("they fit");
    let report = comparison.report(usize::MAX);
    println!(
        "{rows} rows; {} sites, {} fields, {} types, {} functions that changed",
        report.sites_in_all,
        report.fields.rows_in_all,
        report.types.rows_in_all,
        report.ancestors.rows_in_all
    );
    let compared = measure(rounds, || drop(black_box(compare(&named).expect("they fit"))));
    let walked = measure(rounds, || {
        black_box(walk(&snapshots));
    });
    print(&format!("compare, all keys (bound {BOUND_MS} ms)"), &compared);
    print("a walk over the same frames, reading each name's length", &walked);
    println!("ratio {:.1}", compared[rounds / 2] / walked[rounds / 2]);
}

/// Milliseconds of CPU time of each round, sorted: other work on the machine is not in them.
fn measure(rounds: usize, mut work: impl FnMut()) -> Vec<f64> {
    let mut took: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = ThreadTime::now();
            work();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took
}

fn print(what: &str, took: &[f64]) {
    let at = |percent: usize| took[(took.len() - 1) * percent / 100];
    println!(
        "{what}: median {:.1} ms, 5 % to 95 % {:.1} .. {:.1}",
        at(50),
        at(5),
        at(95)
    );
}

fn walk(snapshots: &[Symbolized]) -> usize {
    let samples = snapshots.iter().flat_map(|snapshot| &snapshot.samples);
    let frames = samples.flat_map(|sample| sample.stack.iter());
    frames.map(|frame| frame.function.len()).sum()
}

/// Frames by how deep they lie.
struct Frames {
    leaves: Vec<Arc<Frame>>,
    own: Vec<Arc<Frame>>,
    engine: Vec<Arc<Frame>>,
    runtime: Vec<Arc<Frame>>,
}

impl Frames {
    fn new() -> Frames {
        let frame = |function: String, file: &str, line: u64| {
            let line = u32::try_from(line).ok();
            Arc::new(Frame::of_program(
                function,
                Some(file.to_owned()),
                line,
                line.is_some_and(|line| line % 3 == 0),
            ))
        };
        let std = "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/alloc/src/vec/mod.rs";
        let numbered = |count: u64, make: &dyn Fn(u64) -> Arc<Frame>| (0..count).map(make).collect();
        Frames {
            leaves: numbered(600, &|n| match n % 3 {
                0 => frame(format!("<alloc::vec::Vec<shop::catalog::Item{n}>>::push"), std, n),
                1 => frame(
                    format!("<alloc::raw_vec::RawVec<shop::catalog::Item{n}>>::grow_one"),
                    std,
                    n,
                ),
                _ => frame(
                    format!("<std::collections::hash::map::HashMap<u64, shop::catalog::Item{n}>>::insert"),
                    std,
                    n,
                ),
            }),
            own: numbered(3_000, &|n| match n % 4 {
                0 => frame(
                    format!(
                        "shop::catalog::_::<impl shop::catalog::Shelf{n}>::__books_resolver::{{closure#0}}::{{closure#0}}"
                    ),
                    "/home/ada/shop/src/catalog/mod.rs",
                    n,
                ),
                1 => frame(
                    format!(
                        "<shop::catalog::Shelf{n} as async_graphql::resolver_utils::container::ContainerType>::resolve_field::{{closure#0}}"
                    ),
                    "/home/ada/shop/src/catalog/mod.rs",
                    n,
                ),
                _ => frame(
                    format!("<shop::catalog::Shelf{n}>::books::{{closure#0}}"),
                    "/home/ada/shop/src/catalog/shelf.rs",
                    n,
                ),
            }),
            engine: numbered(4_000, &|n| {
                frame(
                    format!(
                        "async_graphql::resolver_utils::container::resolve_container_inner::<shop::catalog::Shelf{n}>::{{closure#0}}::{{closure#1}}"
                    ),
                    &format!("{REGISTRY}/async-graphql-7.2.1/src/resolver_utils/container.rs"),
                    n,
                )
            }),
            runtime: numbered(400, &|n| {
                match n {
                0 => frame("tokio::runtime::task::raw::poll::<shop::serve::{closure#0}, alloc::sync::Arc<tokio::runtime::scheduler::multi_thread::handle::Handle>>".to_owned(), &format!("{REGISTRY}/tokio-1.54.0/src/runtime/task/raw.rs"), n),
                _ => frame(format!("<tokio::runtime::scheduler::multi_thread::worker::Context{n}>::run_task::{{closure#0}}"), &format!("{REGISTRY}/tokio-1.54.0/src/runtime/scheduler/multi_thread/worker.rs"), n),
            }
            }),
        }
    }

    /// 4 frames of leaves, 8 of the program's own, 20 of the engine, 8 of the runtime.
    fn stack(&self, number: u64) -> Vec<Arc<Frame>> {
        let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut pick = |frames: &[Arc<Frame>]| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            frames[(random % frames.len() as u64) as usize].clone()
        };
        let mut stack: Vec<Arc<Frame>> = Vec::with_capacity(40);
        stack.extend((0..4).map(|_| pick(&self.leaves)));
        stack.extend((0..8).map(|_| pick(&self.own)));
        stack.extend((0..20).map(|_| pick(&self.engine)));
        stack.push(self.runtime[0].clone());
        stack.extend((0..7).map(|_| pick(&self.runtime)));
        stack
    }
}

fn snapshot(frames: &Frames, number: u64) -> Symbolized {
    let texts = Texts::new();
    let kinds = ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"];
    let mut info = SnapshotInfo::new();
    info.process = "4711@1".to_owned();
    info.cohorts = (0..=number + 1)
        .map(|number| Cohort {
            number: number as u32,
            ..Cohort::default()
        })
        .collect();
    let mut profile = Profile::default();
    profile.set_info(&info);
    let types: String = (0..200)
        .map(|n| format!("type Shelf{n} {{ books: Int! title: String }}\n"))
        .collect();
    Symbolized {
        sample_types: kinds
            .map(|kind| SampleType {
                kind: kind.into(),
                unit: "count".into(),
            })
            .to_vec(),
        samples: (0..STACKS)
            .flat_map(|stack| rows(frames, &texts, stack, number))
            .collect(),
        sdl: format!("type Query {{ a: Int }}\n{types}").into(),
        account: profile.account,
        ..Symbolized::default()
    }
}

/// What was allocated on a stack, and what is live, by cohort and size. The four rows share the stack, as the symbolizer has
/// it; those of another snapshot have their own, of the same frames.
fn rows(frames: &Frames, texts: &Texts, stack: u64, snapshot: u64) -> Vec<SymbolizedSample> {
    let is_rare = stack % 100 < RARE;
    let number = if is_rare { stack + STACKS * snapshot } else { stack };
    let frames: Arc<[Arc<Frame>]> = frames.stack(number).into();
    let row = |values: [i64; 4], cohort: Option<u64>, size: i64| SymbolizedSample {
        stack: frames.clone(),
        values: values.to_vec(),
        labels: texts.labels(number, cohort, size),
    };
    let live = |cohort: u64, size: i64| {
        // What is older is less with each snapshot; every fifth stack keeps all.
        let age = if stack.is_multiple_of(5) {
            0
        } else {
            snapshot - cohort.min(snapshot)
        };
        let objects = 30 - 7 * age as i64 + (stack % 11) as i64;
        row([0, 0, objects, objects * size], Some(cohort), size)
    };
    vec![
        live(0, 64),
        live(snapshot, 64),
        live(snapshot, 1024),
        row([1_000, 64_000, 0, 0], None, 0),
    ]
}

/// The texts of one file, which all its rows share, as they do when it is read.
struct Texts {
    keys: [Arc<str>; 5],
    operations: Vec<Arc<str>>,
    none: Arc<str>,
}

impl Texts {
    fn new() -> Texts {
        Texts {
            keys: [OPERATION, STACK, COHORT, OBJECT_SIZE, BORN].map(Arc::from),
            operations: (0..7).map(|n| format!("Operation{n}").into()).collect(),
            none: "".into(),
        }
    }

    fn labels(&self, stack: u64, cohort: Option<u64>, size: i64) -> Vec<Label> {
        let number = |key: usize, number: i64| Label {
            key: self.keys[key].clone(),
            value: LabelValue::Number(number, self.none.clone()),
        };
        let operation = &self.operations[(stack % 7) as usize];
        let mut labels = vec![
            Label {
                key: self.keys[0].clone(),
                value: LabelValue::Text(operation.clone()),
            },
            number(1, stack as i64),
        ];
        if let Some(cohort) = cohort {
            labels.extend([number(2, cohort as i64), number(3, size), number(4, 1)]);
        }
        labels
    }
}
