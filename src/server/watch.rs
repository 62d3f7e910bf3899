//! Looks at the memory, on a thread of its own: tells the guard, logs growth, draws the bar.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytesize::ByteSize;
use heap_recorder::MemoryFigures;
use problems::MemoryGuard;

use super::Shutdown;

/// Between two looks for the guard. At 7 kB a request and 30,000 requests a second, live heap
/// passes the limit by some 20 MB before the guard knows.
const GUARD_INTERVAL: Duration = Duration::from_millis(100);
/// Between two looks for growth.
const GROWTH_INTERVAL: Duration = Duration::from_secs(1);
/// Between two bars.
const BAR_INTERVAL: Duration = Duration::from_secs(5);
/// So many looks in a row, each above the one before, make a line in the log.
const GROWTH_LOOKS: u32 = 10;
/// Most characters of the bar.
const BAR_CELLS: u64 = 24;
/// Fewest bytes that a character of the bar stands for.
const SMALLEST_CELL: u64 = 1 << 20;

/// Starts to look; ends with the service.
pub(super) fn start(guard: MemoryGuard, bar: bool, shutdown: Shutdown) -> anyhow::Result<()> {
    std::thread::Builder::new()
        .name("memory-watch".to_owned())
        .spawn(move || watch(&guard, bar, &shutdown))
        .context("the memory watch could not be started")?;
    Ok(())
}

fn watch(guard: &MemoryGuard, bar: bool, shutdown: &Shutdown) {
    let mut growth = Growth::default();
    let mut looked = Instant::now();
    let mut drawn = Instant::now();
    let mut blind = false;
    if bar {
        tracing::info!("memory bar: = live, - held by the allocator, _ resident beyond it");
    }
    while !*shutdown.borrow() {
        std::thread::sleep(GUARD_INTERVAL);
        let figures = match heap_recorder::memory() {
            Ok(figures) => figures,
            Err(error) => {
                // Told once; the guard keeps its last state until a look succeeds again.
                if !blind {
                    tracing::warn!("no look at the memory: {error}");
                }
                blind = true;
                continue;
            }
        };
        blind = false;
        tell(guard, figures.live);
        if looked.elapsed() >= GROWTH_INTERVAL {
            looked = Instant::now();
            if let Some(grown) = growth.look(figures.live) {
                tracing::warn!(
                    "live heap has grown over {GROWTH_LOOKS} looks in a row: by {}, to {}",
                    ByteSize(grown),
                    ByteSize(figures.live)
                );
            }
        }
        if bar && drawn.elapsed() >= BAR_INTERVAL {
            drawn = Instant::now();
            // Nobody may be reading stderr any more; the service goes on.
            let _ = writeln!(std::io::stderr(), "{}", draw(&figures));
        }
    }
}

fn tell(guard: &MemoryGuard, live: u64) {
    let before = guard.exceeded();
    guard.observe(live);
    match (before, guard.exceeded()) {
        (false, true) => tracing::warn!(
            "live heap of {} is past the limit of {}; hint: call resetProblem on the admin door",
            ByteSize(live),
            ByteSize(guard.limit())
        ),
        (true, false) => tracing::info!("live heap of {} is within the limit again", ByteSize(live)),
        _ => {}
    }
}

/// Counts looks that each saw more than the one before.
#[derive(Debug, Default)]
struct Growth {
    last: Option<u64>,
    base: u64,
    looks: u32,
}

impl Growth {
    /// Says by how many bytes live heap grew, at the last of [`GROWTH_LOOKS`] looks in a row.
    fn look(&mut self, live: u64) -> Option<u64> {
        let grew = self.last.is_some_and(|last| live > last);
        self.last = Some(live);
        if !grew {
            (self.base, self.looks) = (live, 0);
            return None;
        }
        self.looks += 1;
        if self.looks < GROWTH_LOOKS {
            return None;
        }
        let grown = live - self.base;
        (self.base, self.looks) = (live, 0);
        Some(grown)
    }
}

/// `=` live, `-` held by the allocator, `_` resident beyond it; the scale is in the line.
fn draw(figures: &MemoryFigures) -> String {
    let parts = [
        (figures.live, "="),
        (figures.held_by_allocator, "-"),
        (figures.outside, "_"),
    ];
    let total: u64 = parts.iter().map(|(bytes, _)| bytes).sum();
    let cell = (total / BAR_CELLS).max(SMALLEST_CELL).next_power_of_two();
    let bar: String = parts
        .iter()
        .map(|(bytes, sign)| sign.repeat((bytes / cell) as usize))
        .collect();
    format!(
        "[{bar}] = {}  - {}  _ {}  ({} each)",
        ByteSize(figures.live),
        ByteSize(figures.held_by_allocator),
        ByteSize(figures.outside),
        ByteSize(cell),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_growing_looks_in_a_row_are_told_once_with_their_growth() {
        let mut growth = Growth::default();
        let told: Vec<_> = (0..=20)
            .filter_map(|look| growth.look(1_000 + 10 * look))
            .collect();
        assert_eq!(told, [100, 100]);
    }

    #[test]
    fn a_look_that_did_not_grow_starts_the_count_anew() {
        let mut growth = Growth::default();
        let lives = (0..100).map(|look| if look % 10 == 9 { 0 } else { 1_000 + look });
        assert_eq!(lives.filter_map(|live| growth.look(live)).count(), 0);
    }

    #[test]
    fn the_bar_shows_the_three_parts_at_a_scale_that_fits() {
        const MIB: u64 = 1 << 20;
        let figures = |live, held_by_allocator, outside| {
            let mut figures = MemoryFigures::default();
            (figures.live, figures.held_by_allocator, figures.outside) = (live, held_by_allocator, outside);
            draw(&figures)
        };
        assert_eq!(
            figures(3 * MIB, 2 * MIB, MIB),
            "[===--_] = 3.0 MiB  - 2.0 MiB  _ 1.0 MiB  (1.0 MiB each)"
        );
        let large = figures(3_000 * MIB, 2_000 * MIB, 1_000 * MIB);
        assert!(
            large.len() <= 80 && large.ends_with("(256.0 MiB each)"),
            "{large}"
        );
    }
}
