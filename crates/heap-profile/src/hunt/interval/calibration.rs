//! How often a bound misses, added up exactly over all counts that may be drawn: no more often than it says, into the far
//! tail that the error budget of a hunt is spent in.

use statrs::distribution::{Discrete as _, Poisson};

use super::{Amount, Grain, Net};

fn amount(samples: f64, weight: f64) -> Amount {
    Amount {
        bytes: samples * weight,
        objects: samples,
        variance: samples * weight * weight,
    }
}

/// The counts that are drawn with a chance that matters here, and that chance.
fn counts(mean: f64) -> Vec<(f64, f64)> {
    if mean <= 0.0 {
        return vec![(0.0, 1.0)];
    }
    let poisson = Poisson::new(mean).expect("above zero");
    let (low, high) = (mean - 8.0 * mean.sqrt(), mean + 9.0 * mean.sqrt() + 15.0);
    (low.max(0.0) as u64..high as u64)
        .map(|count| (count as f64, poisson.pmf(count)))
        .collect()
}

/// The chance that the lower bound of `make(first, second)` is above `truth`.
fn missed(first: f64, second: f64, truth: f64, chance: f64, make: impl Fn(f64, f64) -> Net) -> f64 {
    let mut missed = 0.0;
    for (a, likely) in counts(first) {
        // Both chances are independent; what is unlikely beyond the budget adds nothing.
        for (b, as_well) in counts(second) {
            let both = likely * as_well;
            let net = make(a, b);
            if both > chance * 1e-4 && net.bytes() > truth && net.lower(chance) > truth {
                missed += both;
            }
        }
    }
    missed
}

#[test]
fn a_difference_of_counts_is_called_too_large_no_more_often_than_allowed() {
    let grain = Grain::of(1e-3, 1.0);
    for chance in [1e-3, 1e-6, 1e-8] {
        for (born, freed) in [
            (1.0, 0.0),
            (8.0, 0.0),
            (150.0, 0.0),
            (2.0, 2.0),
            (12.0, 10.0),
            (90.0, 60.0),
            (5.0, 60.0),
            (60.0, 5.0),
        ] {
            let net = |a, b| Net {
                new: amount(a, 1.0),
                freed: amount(b, 1.0),
                grain,
            };
            let share = missed(born, freed, born - freed, chance, net);
            println!("{born} born, {freed} freed: {chance:e} allowed, {share:e}");
            assert!(share <= 1.5 * chance, "{born} {freed}: {share:e}");
        }
    }
}

#[test]
fn a_sum_of_many_small_and_few_large_weights_is_called_too_large_no_more_often_than_allowed() {
    let grain = Grain {
        bytes: 50.0,
        variance: 2_500.0,
    };
    for chance in [1e-3, 1e-6, 1e-8] {
        for (small, large) in [(100.0, 0.01), (100.0, 1.0), (100.0, 8.0), (5.0, 3.0)] {
            let net = |a, b| {
                let mut new = amount(a, 1.0);
                new += amount(b, 50.0);
                Net {
                    new,
                    freed: Amount::default(),
                    grain,
                }
            };
            let share = missed(small, large, small + 50.0 * large, chance, net);
            println!("{small} small, {large} large: {chance:e} allowed, {share:e}");
            assert!(share <= 1.5 * chance, "{small} {large}: {share:e}");
        }
    }
}
