//! What the recorder costs: CPU time for each request, with and without, in one process.
//!
//! `cargo bench --bench recorder [-- --quads N --only TEXT]`. Each row compares two ways of executing the same request against a schema,
//! in short windows in turn (`windows`), so that whatever the machine is doing meets both. Nothing here is a test: it
//! prints ratios, each the median over all quads with its 95 % interval.

mod schemas;
mod windows;

use std::process::ExitCode;

use heap_recorder::{Recorder, Recording, Unwinder};
use schemas::{Requests, Subject};
use windows::{Ratio, compare};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");

/// Pairs of windows in each direction, for each row.
const QUADS: usize = 150;
/// Sampling intervals, and what may be paid for each.
const INTERVALS: [(u64, f64); 3] = [(512 << 10, 1.01), (64 << 10, 1.03), (16 << 10, 1.10)];
/// What the extension may cost above an empty one, on the request of many fields and on the smallest.
const EXTENSION: [(Requests, f64); 2] = [(Requests::Fields, 1.20), (Requests::Hello, 1.05)];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let flag = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1);
    let quads = flag("--quads").map_or(Ok(QUADS), |quads| quads.parse())?;
    let only = flag("--only").unwrap_or_default();
    let recorder = Recorder::builder().start();
    let status = recorder.status();
    if status.recording != Recording::On(Unwinder::FramePointers) {
        return Err(format!("there is nothing to compare: {status}").into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let subject = Subject::new()?;
    println!("{quads} quads of windows a row; median and 95 % interval of CPU time a request\n");
    println!(
        "{:<58} {:>7} {:>17} {:>7} {:>9}",
        "", "ratio", "95 %", "bound", "us"
    );
    for requests in Requests::ALL {
        for (interval, bound) in INTERVALS {
            recorder.set_sample_interval(interval)?;
            let name = format!("{requests}: recorder on at {} KiB / off", interval >> 10);
            if !name.contains(&only) {
                continue;
            }
            let ratio = runtime.block_on(compare(
                quads,
                async |calls| subject.plain(requests, calls).await,
                async |calls| subject.recorded(requests, calls).await,
                |on| {
                    subject.label(on);
                    recorder.set_active(on)
                },
            ))?;
            print(&name, &ratio, Some(bound));
        }
    }
    recorder.set_sample_interval(16 << 10)?;
    for requests in Requests::ALL {
        let name = format!("{requests}: frame pointers / stock unwinder at 16 KiB");
        if !name.contains(&only) {
            continue;
        }
        let ratio = runtime.block_on(compare(
            quads,
            async |calls| subject.recorded(requests, calls).await,
            async |calls| subject.recorded(requests, calls).await,
            |frame_pointers| recorder.use_stock_unwinder(!frame_pointers),
        ))?;
        print(&name, &ratio, None);
    }
    recorder.set_sample_interval(512 << 10)?;
    for (requests, bound) in EXTENSION {
        let name = format!("{requests}: FieldLabels / empty extension");
        if !name.contains(&only) {
            continue;
        }
        let ratio = runtime.block_on(compare(
            quads,
            async |calls| subject.extended(requests, calls).await,
            async |calls| subject.extended(requests, calls).await,
            |labels| {
                subject.label(labels);
                Ok::<_, heap_recorder::Error>(())
            },
        ))?;
        print(&name, &ratio, Some(bound));
    }
    Ok(())
}

fn print(name: &str, ratio: &Ratio, bound: Option<f64>) {
    let interval = format!("{:.4} .. {:.4}", ratio.low, ratio.high);
    let bound = bound.map_or("-".to_owned(), |bound| format!("{bound:.2}"));
    println!(
        "{name:<58} {:>7.4} {interval:>17} {bound:>7} {:>9.2}",
        ratio.median, ratio.micros
    );
}
