//! How much chance of an error there is, and how it is spent: over the looks at the data, and over the sites.

/// The chance that a hunt calls anything a leak that is none.
pub(super) const FALSE_LEAK: f64 = 1e-4;
/// The chance that a printed interval misses the true figure.
pub(super) const MISSED: f64 = 0.05;

/// What may be spent of a chance at one look, the first being 1: a half, a sixth, a twelfth, ... However many looks there
/// are, the parts add up to less than the whole, so that by Boole's inequality the whole is kept whenever the hunt stops.
pub(super) fn spent(chance: f64, look: u32) -> f64 {
    let look = f64::from(look.max(1));
    chance / (look * (look + 1.0))
}

/// Which of the hypotheses with these p-values can be rejected, with a chance of `chance` at most to reject any that is
/// true. Holm, "A simple sequentially rejective multiple test procedure", 1979.
pub(super) fn holm(p_values: &[f64], chance: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut rejected = vec![false; p_values.len()];
    for (rank, &at) in order.iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        if p_values[at] > chance / left {
            break;
        }
        rejected[at] = true;
    }
    rejected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_looks_never_spend_more_than_there_is() {
        let all: f64 = (1..10_000).map(|look| spent(0.05, look)).sum();
        assert!(all < 0.05 && all > 0.0499);
        assert_eq!(spent(0.05, 1), 0.025);
    }

    #[test]
    fn the_smallest_chances_are_rejected_until_one_is_too_large() {
        // Against 0.05/4, 0.05/3, 0.05/2, 0.05/1.
        assert_eq!(
            holm(&[0.03, 0.001, 0.016, 0.04], 0.05),
            [false, true, true, false]
        );
        assert!(holm(&[], 0.05).is_empty());
    }
}
