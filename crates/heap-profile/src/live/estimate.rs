//! How far off an estimate from samples may be.
//!
//! jemalloc draws the distance from one sample to the next from a geometric distribution with mean R (its
//! `prof_sample_new_event_wait`), which makes sampling a Poisson process over the allocated bytes: an object of s bytes
//! is sampled with the probability p = 1 - exp(-s/R), independently of all others. The file counts each sampled object
//! 1/p times. That is the Horvitz-Thompson estimator (1952); under Poisson sampling the estimate of its variance is the
//! sum of s^2 (1-p)/p^2 over the samples. A row of the file stands for n p samples of one size, and so for
//! n s^2 (1-p)/p.

/// Adds up variances; one that is not known makes the sum unknown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variance(Option<f64>);

impl Default for Variance {
    fn default() -> Self {
        Variance(Some(0.0))
    }
}

impl Variance {
    /// Of so many estimated objects of one size, sampled every so many bytes.
    pub(crate) fn of(objects: f64, size: Option<i64>, interval: Option<i64>) -> Variance {
        let (Some(size), Some(interval)) =
            (size.filter(|size| *size > 0), interval.filter(|bytes| *bytes > 0))
        else {
            return Variance(None);
        };
        let size = size as f64;
        let (missed, sampled) = {
            let exponent = -size / interval as f64;
            (exponent.exp(), -exponent.exp_m1())
        };
        Variance(Some(objects.max(0.0) * size * size * missed / sampled))
    }

    /// In bytes squared; nothing where it is not known.
    pub(crate) fn bytes_squared(self) -> Option<f64> {
        self.0
    }

    pub(super) fn add(&mut self, other: Variance) {
        self.0 = self.0.zip(other.0).map(|(mine, more)| mine + more);
    }

    pub(super) fn standard_error(self) -> Option<f64> {
        self.0.map(f64::sqrt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_object_is_known_exactly_and_small_ones_by_the_root_of_their_number() {
        let error = |objects, size, interval| {
            Variance::of(objects, Some(size), Some(interval))
                .standard_error()
                .expect("all is known")
        };
        assert_eq!(error(3.0, 100 << 20, 4096), 0.0);
        // 1000 samples of objects far below the interval: about 1 in the root of 1000.
        let (size, interval) = (16, 1 << 20);
        let objects = 1000.0 * interval as f64 / size as f64;
        let relative = error(objects, size, interval) / (objects * size as f64);
        assert!((relative * 1000f64.sqrt() - 1.0).abs() < 1e-4, "{relative}");
    }

    #[test]
    fn what_is_not_known_makes_the_sum_unknown() {
        let mut sum = Variance::default();
        assert_eq!(sum.standard_error(), Some(0.0));
        sum.add(Variance::of(1.0, Some(64), Some(64)));
        assert!(sum.standard_error().is_some_and(|error| error > 0.0));
        for (size, interval) in [
            (None, Some(1)),
            (Some(1), None),
            (Some(0), Some(1)),
            (Some(1), Some(-1)),
        ] {
            sum.add(Variance::of(1.0, size, interval));
            assert_eq!(sum.standard_error(), None);
        }
    }

    /// Draws many samplings of one and the same heap, and compares how far the estimates are spread with what is told.
    #[test]
    fn the_estimates_of_many_samplings_are_spread_as_told() {
        let (size, interval, objects, runs) = (300.0f64, 1024.0f64, 2_000, 1_500);
        let sampled = -(-size / interval).exp_m1();
        let mut random = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 11) as f64 / (1u64 << 53) as f64
        };
        let estimates: Vec<f64> = (0..runs)
            .map(|_| (0..objects).filter(|_| next() < sampled).count() as f64 * size / sampled)
            .collect();
        let mean = estimates.iter().sum::<f64>() / runs as f64;
        let spread = (estimates.iter().map(|each| (each - mean).powi(2)).sum::<f64>() / runs as f64).sqrt();
        let told = Variance::of(objects as f64, Some(size as i64), Some(interval as i64)).standard_error();
        let ratio = spread / told.expect("all is known");
        assert!((ratio - 1.0).abs() < 0.08, "{ratio}");
    }
}
