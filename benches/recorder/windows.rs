//! Two ways of doing the same, compared in short windows in turn.
//!
//! A quad is four windows, one way, the other twice, the first again (ABBA): a drift of the machine falls out of its
//! ratio. What is measured is the CPU time of the whole process, so that helpers' threads count. The median over all
//! quads is given with the distribution-free interval of order statistics (Hollander and Wolfe, "Nonparametric
//! Statistical Methods", 3.6).

use std::time::Duration;

use cpu_time::ProcessTime;

/// About how long a window lasts.
const WINDOW: Duration = Duration::from_millis(10);
/// Calls before anything is measured.
const WARM_UP: usize = 50;

/// The second way's time over the first's.
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Median CPU time of a call of the first way, in microseconds.
    pub(crate) micros: f64,
}

/// Compares `a` with `b`, which each make so many calls; `switch` is told which is next (`true` for `b`).
pub(crate) async fn compare<E>(
    quads: usize,
    a: impl AsyncFn(usize),
    b: impl AsyncFn(usize),
    switch: impl Fn(bool) -> Result<(), E>,
) -> Result<Ratio, E> {
    switch(true)?;
    b(WARM_UP).await;
    switch(false)?;
    a(WARM_UP).await;
    let calls = calibrate(&a).await;
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for _ in 0..quads {
        let mut spent = [Duration::ZERO; 2];
        for is_b in [false, true, true, false] {
            switch(is_b)?;
            let start = ProcessTime::now();
            if is_b {
                b(calls).await
            } else {
                a(calls).await
            }
            spent[usize::from(is_b)] += start.elapsed();
        }
        ratios.push(spent[1].as_secs_f64() / spent[0].as_secs_f64());
        times.push(spent[0].as_secs_f64() * 1e6 / (2 * calls) as f64);
    }
    switch(true)?;
    ratios.sort_by(f64::total_cmp);
    times.sort_by(f64::total_cmp);
    let at = |share: f64| ratios[(share.clamp(0.0, 1.0) * (quads - 1) as f64).round() as usize];
    let spread = 0.98 / (quads as f64).sqrt();
    Ok(Ratio {
        median: at(0.5),
        low: at(0.5 - spread),
        high: at(0.5 + spread),
        micros: times[quads / 2],
    })
}

/// How many calls fill a window.
async fn calibrate(a: &impl AsyncFn(usize)) -> usize {
    let start = ProcessTime::now();
    a(WARM_UP).await;
    let one = start.elapsed().as_secs_f64() / WARM_UP as f64;
    (WINDOW.as_secs_f64() / one).ceil().max(1.0) as usize
}
