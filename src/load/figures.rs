//! The distributions of a report: how many in each second, and how long each took.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::statistics::Statistics;

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say all there is")]
pub struct LatencyFigures {
    pub average: f64,
    pub stddev: f64,
    pub min: f64,
    pub max: f64,
    pub p2_5: f64,
    pub p50: f64,
    pub p90: f64,
    pub p97_5: f64,
    pub p99: f64,
    pub p99_9: f64,
}

/// How many requests there were.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RequestFigures {
    /// Requests that were sent.
    pub sent: u64,
    /// Requests that were answered.
    pub total: u64,
    /// Answers in each second.
    #[serde(flatten)]
    pub each_second: Figures,
}

/// What came in each second, and in all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// In all.
    pub total: u64,
    /// In each second.
    #[serde(flatten)]
    pub each_second: Figures,
}

/// Figures over the full seconds of a load. The average is over the whole load; of a load
/// shorter than a second there is one sample, which is that average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say all there is")]
pub struct Figures {
    pub average: f64,
    pub stddev: f64,
    pub min: f64,
    pub max: f64,
    pub p1: f64,
    pub p2_5: f64,
    pub p50: f64,
    pub p97_5: f64,
}

impl LatencyFigures {
    pub(super) fn new(counted: &Statistics) -> Self {
        let latency = &counted.latency;
        let milliseconds = |micros: u64| micros as f64 / 1000.0;
        let at = |percentile| milliseconds(latency.value_at_percentile(percentile));
        Self {
            average: latency.mean() / 1000.0,
            stddev: latency.stdev() / 1000.0,
            min: milliseconds(latency.min()),
            max: milliseconds(latency.max()),
            p2_5: at(2.5),
            p50: at(50.0),
            p90: at(90.0),
            p97_5: at(97.5),
            p99: at(99.0),
            p99_9: at(99.9),
        }
    }
}

impl Figures {
    pub(super) fn new(seconds: impl Iterator<Item = u64>, total: u64, elapsed: Duration) -> Self {
        let average = total as f64 / elapsed.as_secs_f64().max(1e-9);
        // The last second is cut short, and seconds in which nothing came have no entry.
        let full = usize::try_from(elapsed.as_secs()).unwrap_or(usize::MAX);
        let mut samples: Vec<f64> = seconds
            .map(|value| value as f64)
            .chain(std::iter::repeat(0.0))
            .take(full)
            .collect();
        if samples.is_empty() {
            samples.push(average);
        }
        samples.sort_by(f64::total_cmp);
        let count = samples.len();
        // Nearest rank: a figure that was really seen.
        let at =
            |percent: f64| samples[((percent / 100.0 * count as f64).ceil() as usize).clamp(1, count) - 1];
        let mean = samples.iter().sum::<f64>() / count as f64;
        let variance = samples.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / count as f64;
        Self {
            average,
            stddev: variance.sqrt(),
            min: samples[0],
            max: samples[count - 1],
            p1: at(1.0),
            p2_5: at(2.5),
            p50: at(50.0),
            p97_5: at(97.5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_over_full_seconds_with_empty_ones_counted() {
        let figures = Figures::new([30, 10, 5].into_iter(), 45, Duration::from_millis(2500));
        assert_eq!(
            (figures.min, figures.max, figures.p50, figures.average),
            (10.0, 30.0, 10.0, 18.0)
        );
        assert_eq!(figures.stddev, 10.0);
        let stalled = Figures::new([30].into_iter(), 30, Duration::from_secs(3));
        assert_eq!((stalled.min, stalled.p50, stalled.p97_5), (0.0, 0.0, 30.0));
    }

    #[test]
    fn a_load_shorter_than_a_second_has_one_sample() {
        let figures = Figures::new([30].into_iter(), 30, Duration::from_millis(500));
        assert_eq!(
            (figures.min, figures.p50, figures.average, figures.stddev),
            (60.0, 60.0, 60.0, 0.0)
        );
    }
}
