//! How far off a sum of sampled bytes may be.
//!
//! A sum of Horvitz-Thompson estimates is a weighted sum of independent counts: a sampled object of s bytes, sampled with
//! the probability p, stands for s/p bytes. Where few objects were sampled such a sum is far from normal, and where none
//! was its estimated variance is zero. The interval is therefore the one of Fay and Feuer, "Confidence intervals for
//! directly standardized rates" (Statistics in Medicine 16, 1997), which never falls short of what it promises for small
//! counts: with the estimate y, its variance v, and what one more sample would add to both (w and w'),
//!
//! > lower = Gamma quantile of a/2, mean y, variance v
//! > upper = Gamma quantile of 1 - a/2, mean y + w, variance v + w'
//!
//! It is made for Poisson counts. Ours are thinned: of n objects n p are sampled, with the variance n p (1 - p). So
//! v = sum of (s/p)^2 (1 - p), as `live::estimate` has it, w = s/p (1 - p) and w' = (s/p)^2 (1 - p): objects that are sampled
//! for certain are known exactly.
//!
//! The interval of a difference comes from those of its parts, by the method of variance estimates recovery (Zou and
//! Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27, 2008):
//!
//! > lower = (x - y) - sqrt((x - lower x)^2 + (upper y - y)^2)
//! > upper = (x - y) + sqrt((upper x - x)^2 + (y - lower y)^2)

use statrs::distribution::{ContinuousCDF as _, Gamma, Normal};

/// Past this many samples' worth of evidence the distribution is normal to all digits that are shown.
const NORMAL_FROM: f64 = 1e5;
/// Chances below this are all one: the functions that give them are not exact there, and nothing is decided there.
pub(super) const LEAST_CHANCE: f64 = 1e-15;

/// A sum of sampled objects, as it is estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Amount {
    pub(super) bytes: f64,
    pub(super) objects: f64,
    /// Of `bytes`, in bytes squared.
    pub(super) variance: f64,
}

/// What one more sampled object would add: the coarsest that a site allocates.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Grain {
    /// To the bytes.
    bytes: f64,
    /// To the variance.
    variance: f64,
}

impl Grain {
    /// Of objects of `size` bytes, sampled every `interval` bytes.
    pub(super) fn of(size: f64, interval: f64) -> Grain {
        let (missed, sampled) = ((-size / interval).exp(), -(-size / interval).exp_m1());
        let weight = size / sampled;
        Grain {
            bytes: weight * missed,
            variance: weight * weight * missed,
        }
    }

    /// The coarser of two.
    pub(super) fn max(self, other: Grain) -> Grain {
        if other.variance > self.variance {
            other
        } else {
            self
        }
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, more: Amount) {
        self.bytes += more.bytes;
        self.objects += more.objects;
        self.variance += more.variance;
    }
}

/// What is in the one and not in the other, where all of the other's objects are also in the one: then the variances
/// differ by that of the rest.
impl std::ops::Sub for Amount {
    type Output = Amount;

    fn sub(self, part: Amount) -> Amount {
        Amount {
            bytes: (self.bytes - part.bytes).max(0.0),
            objects: (self.objects - part.objects).max(0.0),
            variance: (self.variance - part.variance).max(0.0),
        }
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Amount>>(amounts: I) -> Amount {
        amounts.fold(Amount::default(), |mut sum, each| {
            sum += each;
            sum
        })
    }
}

impl Amount {
    /// What the true sum is less than with a chance of `chance` at most.
    pub(super) fn lower(self, chance: f64) -> f64 {
        quantile(self.bytes, self.variance, chance).min(self.bytes)
    }

    /// So many times it.
    pub(super) fn scaled(self, times: f64) -> Amount {
        Amount {
            bytes: self.bytes * times,
            objects: self.objects * times,
            variance: self.variance * times * times,
        }
    }

    /// What the true sum is more than with a chance of `chance` at most.
    pub(super) fn upper(self, grain: Grain, chance: f64) -> f64 {
        let (mean, variance) = (self.bytes + grain.bytes, self.variance + grain.variance);
        upper_quantile(mean, variance, chance).max(self.bytes)
    }
}

/// What was gained, and what was lost: a difference of two independent sums.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Net {
    pub(super) new: Amount,
    pub(super) freed: Amount,
    pub(super) grain: Grain,
}

impl Net {
    pub(super) fn bytes(self) -> f64 {
        self.new.bytes - self.freed.bytes
    }

    pub(super) fn objects(self) -> f64 {
        self.new.objects - self.freed.objects
    }

    /// What the true difference is less than with a chance of `chance` at most.
    pub(super) fn lower(self, chance: f64) -> f64 {
        let (fallen, risen) = (
            self.new.bytes - self.new.lower(chance),
            self.freed.upper(self.grain, chance) - self.freed.bytes,
        );
        self.bytes() - fallen.hypot(risen)
    }

    /// What the true difference is more than with a chance of `chance` at most.
    pub(super) fn upper(self, chance: f64) -> f64 {
        let (risen, fallen) = (
            self.new.upper(self.grain, chance) - self.new.bytes,
            self.freed.bytes - self.freed.lower(chance),
        );
        self.bytes() + risen.hypot(fallen)
    }

    /// The chance to see a difference as large as this, or larger, if the true one is `bytes`: the p-value of "it is no
    /// more than that". At least [`LEAST_CHANCE`].
    pub(super) fn chance_of_no_more_than(self, bytes: f64) -> f64 {
        if self.bytes() <= bytes {
            return 1.0;
        }
        if self.lower(LEAST_CHANCE) > bytes {
            return LEAST_CHANCE;
        }
        // The lower bound falls with the chance: bisected on its logarithm.
        let (mut low, mut high) = (LEAST_CHANCE.ln(), 0.5f64.ln());
        for _ in 0..30 {
            let middle = (low + high) / 2.0;
            if self.lower(middle.exp()) > bytes {
                high = middle;
            } else {
                low = middle;
            }
        }
        high.exp()
    }
}

fn quantile(mean: f64, variance: f64, chance: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    if variance <= 0.0 {
        return mean;
    }
    match gamma(mean, variance) {
        Some(gamma) => gamma.inverse_cdf(chance),
        None => mean + variance.sqrt() * standard_normal(chance),
    }
}

/// The quantile of `1 - chance`, which is told exactly for small chances too.
fn upper_quantile(mean: f64, variance: f64, chance: f64) -> f64 {
    if mean <= 0.0 || variance <= 0.0 {
        return mean.max(0.0);
    }
    match gamma(mean, variance) {
        Some(gamma) => gamma.inverse_cdf(1.0 - chance),
        None => mean - variance.sqrt() * standard_normal(chance),
    }
}

/// Nothing where it is as good as normal.
fn gamma(mean: f64, variance: f64) -> Option<Gamma> {
    let shape = mean * mean / variance;
    if shape > NORMAL_FROM {
        return None;
    }
    Gamma::new(shape, mean / variance).ok()
}

fn standard_normal(chance: f64) -> f64 {
    Normal::standard().inverse_cdf(chance)
}

#[cfg(test)]
mod calibration;

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(samples: f64, weight: f64) -> Amount {
        Amount {
            bytes: samples * weight,
            objects: samples,
            variance: samples * weight * weight,
        }
    }

    /// Objects far below the interval: each sample weighs as much as the interval.
    fn grain() -> Grain {
        Grain::of(1e-3, 1.0)
    }

    #[test]
    fn small_counts_have_the_exact_limits_of_poisson() {
        // Garwood 1936: 95 % limits of 0, 1, 5 and 10 counts.
        for (count, lower, upper) in [
            (0.0, 0.0, 3.689),
            (1.0, 0.025, 5.572),
            (5.0, 1.623, 11.668),
            (10.0, 4.795, 18.390),
        ] {
            let amount = counted(count, 1.0);
            assert!((amount.lower(0.025) - lower).abs() < 0.02, "{count}");
            let seen = amount.upper(grain(), 0.025);
            assert!((seen - upper).abs() < 0.02, "{count}: {seen}");
        }
    }

    #[test]
    fn what_is_sampled_for_certain_is_known_exactly() {
        let amount = Amount {
            bytes: 5e6,
            objects: 5.0,
            variance: 0.0,
        };
        assert_eq!(amount.lower(1e-9), 5e6);
        assert!((amount.upper(Grain::of(1e6, 1e3), 1e-9) - 5e6).abs() < 1.0);
    }

    #[test]
    fn the_gamma_and_the_normal_distribution_meet() {
        let (below, above) = (counted(0.99e5, 1.0), counted(1.01e5, 1.0));
        for chance in [0.025, 1e-6] {
            let width = |amount: Amount| (amount.bytes - amount.lower(chance)) / amount.bytes.sqrt();
            assert!((width(below) - width(above)).abs() < 0.03);
        }
    }

    #[test]
    fn a_difference_is_as_uncertain_as_its_parts_together() {
        let net = Net {
            new: counted(400.0, 1.0),
            freed: counted(300.0, 1.0),
            grain: grain(),
        };
        assert_eq!(net.bytes(), 100.0);
        // Normal: 1.96 times the root of 700 is 51.9.
        assert!((net.lower(0.025) - 48.1).abs() < 2.0, "{}", net.lower(0.025));
        assert!((net.upper(0.025) - 151.9).abs() < 2.5, "{}", net.upper(0.025));
    }

    #[test]
    fn the_chance_belongs_to_the_bound_that_it_makes() {
        let net = Net {
            new: counted(50.0, 1.0),
            freed: counted(10.0, 1.0),
            grain: grain(),
        };
        let chance = net.chance_of_no_more_than(20.0);
        assert!((net.lower(chance) - 20.0).abs() < 1e-3);
        assert_eq!(net.chance_of_no_more_than(40.0), 1.0);
        assert_eq!(counted_net(1e6).chance_of_no_more_than(1.0), LEAST_CHANCE);
    }

    fn counted_net(samples: f64) -> Net {
        Net {
            new: counted(samples, 1.0),
            ..Net::default()
        }
    }
}
