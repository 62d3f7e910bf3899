//! What a hunt of this size can see: the smallest leak, and how much more load an open question needs.
//!
//! The worst case is a leak of objects far smaller than the sampling interval R: of u units that keep b bytes each, the
//! number of sampled objects is then a Poisson count of mean u b / R, and each weighs R. The smallest leak that is seen with
//! 95 % is the smallest b for which the counts that are reached with that chance still satisfy all that a verdict asks for:
//! half of the 5 % is for the sum over all rungs, the other half for the stretches of the matured ones.

use statrs::distribution::{DiscreteCDF as _, Poisson};

use super::interval::{Amount, Grain, Net};

/// The chance not to see the smallest leak.
const UNSEEN: f64 = 0.05;
/// The size of objects in the worst case, as a part of the sampling interval.
const TINY: f64 = 1e-3;

/// So much more load than would do if all went as before.
const MARGIN: f64 = 1.5;

/// A sum of evidence that must be above the threshold, for a leak to be called one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Test {
    /// How much load it is over, in units.
    pub(super) units: f64,
    /// The chance at which its lower bound must be above.
    pub(super) chance: f64,
}

/// The smallest leak in bytes per unit; nothing where there was no load, or it is beyond all bounds.
pub(super) fn smallest_leak(sum: Test, rungs: &[Test], threshold: f64, interval: f64) -> Option<f64> {
    let known = interval > 0.0 && sum.units > 0.0 && rungs.iter().all(|rung| rung.units > 0.0);
    if !known {
        return None;
    }
    let unseen = UNSEEN / 2.0;
    let is_seen = |bytes: f64| {
        let each = unseen / rungs.len().max(1) as f64;
        let is_above = |test: Test, bound: f64| bound > threshold * test.units;
        let net = Net {
            new: reached(sum, bytes, unseen, interval),
            freed: Amount::default(),
            grain: Grain::of(interval * TINY, interval),
        };
        let keeps = |rung: &Test| is_above(*rung, reached(*rung, bytes, each, interval).lower(rung.chance));
        is_above(sum, net.lower(sum.chance)) && rungs.iter().all(keeps)
    };
    let mut high = threshold.max(1e-3);
    while !is_seen(high) {
        high *= 2.0;
        if high > 1e12 {
            return None;
        }
    }
    let mut low = high / 2.0;
    for _ in 0..20 {
        let middle = (low + high) / 2.0;
        if is_seen(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// What is sampled at least of a leak of so many bytes per unit, with a chance of `unseen` to be less.
fn reached(test: Test, bytes: f64, unseen: f64, interval: f64) -> Amount {
    let counts = Poisson::new((test.units * bytes / interval).max(f64::MIN_POSITIVE));
    let samples = counts.map_or(0.0, |counts| counts.inverse_cdf(unseen) as f64);
    Amount {
        bytes: samples * interval,
        objects: samples,
        variance: samples * interval * interval,
    }
}

/// About how many more units bring the bound of a rate to the other side of the threshold: the distance between the
/// two falls with the root of the load. Half as much load again makes it likely, not only even: the next look has less
/// chance to spend, and what is seen may be luck. Never less than half of what there was, since a rung has to be of some size.
pub(super) fn units_needed(units: f64, rate: f64, bound: f64, threshold: f64) -> u64 {
    let (width, distance) = ((rate - bound).abs(), (rate - threshold).abs());
    let ratio = MARGIN * (width / distance.max(threshold * 0.05)).powi(2);
    let more = units * (ratio - 1.0).clamp(0.5, 1e3);
    more as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smallest(units: f64) -> f64 {
        let test = Test { units, chance: 1e-7 };
        let rung = Test {
            units: units / 3.0,
            chance: 0.0125,
        };
        smallest_leak(test, &[rung; 2], 4.0, 65_536.0).expect("some load")
    }

    #[test]
    fn more_load_shows_smaller_leaks_down_to_the_threshold() {
        let [few, more, many] = [1e4, 1e6, 1e8].map(smallest);
        assert!(few > 100.0 && more < 25.0 && many < 5.0, "{few} {more} {many}");
        assert!(many > 4.0);
    }

    #[test]
    fn without_load_nothing_can_be_seen() {
        let none = Test {
            units: 0.0,
            chance: 0.01,
        };
        assert_eq!(smallest_leak(none, &[], 4.0, 65_536.0), None);
    }

    #[test]
    fn what_is_twice_as_wide_as_it_may_be_takes_four_times_the_load_and_a_margin() {
        assert_eq!(units_needed(1000.0, 8.0, 0.0, 4.0), 5000);
        // At the threshold itself no load will do: the answer is large, not endless.
        assert_eq!(units_needed(1000.0, 4.0, 0.0, 4.0), 599_000);
    }
}
