//! How sure a rate is: Wilson's score interval, in whole numbers.
//!
//! Of `n` runs `k` broke. The share of all seeds that break lies, with 95 % confidence, between
//! `(k + z²/2 ± z·sqrt(k(n-k)/n + z²/4)) / (n + z²)` with `z = 1.96` (Wilson 1927). Reports must be
//! equal to the byte on every machine, so this is done in integers: the result is in millionths,
//! its ends rounded outwards.

/// A share between two bounds, in millionths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Interval {
    /// At least this share.
    pub least: u32,
    /// At most this share.
    pub most: u32,
}

/// One, in millionths.
const ONE: u128 = 1_000_000;

/// z² for 95 % confidence, times 10 000.
const Z_SQUARED: u128 = 38_416;

/// The scale of [`Z_SQUARED`].
const SCALE: u128 = 10_000;

/// Where the share of breaking runs lies if `broken` of `runs` broke; everywhere without runs.
pub fn wilson(broken: u64, runs: u64) -> Interval {
    if runs == 0 {
        return Interval { least: 0, most: 1_000_000 };
    }
    // Everything is scaled by SCALE, so that z² is whole.
    let (n, k) = (u128::from(runs) * SCALE, u128::from(broken.min(runs)) * SCALE);
    let middle = k + Z_SQUARED / 2;
    // In units of SCALE²: z² (k (n - k) / n + z² / 4), kept over n until the root.
    let inside = Z_SQUARED * (k * (n - k) / n) + Z_SQUARED * Z_SQUARED / 4;
    let root = inside.isqrt();
    let below = n + Z_SQUARED;
    let least = if broken == 0 { 0 } else { middle.saturating_sub(root + 1) * ONE / below };
    let most = if broken >= runs { ONE } else { ((middle + root + 1) * ONE).div_ceil(below) };
    let millionths = |share: u128| u32::try_from(share.min(ONE)).unwrap_or(1_000_000);
    Interval { least: millionths(least), most: millionths(most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula as a textbook has it.
    fn textbook(broken: u64, runs: u64) -> (f64, f64) {
        let (k, n, z) = (broken as f64, runs as f64, 1.96_f64);
        let middle = k + z * z / 2.0;
        let root = z * (k * (n - k) / n + z * z / 4.0).sqrt();
        ((middle - root) / (n + z * z), (middle + root) / (n + z * z))
    }

    #[test]
    fn it_is_the_formula_of_the_textbook() {
        for runs in [1, 2, 7, 20, 100, 9_999] {
            for broken in [0, 1, runs / 3, runs - 1, runs] {
                let Interval { least, most } = wilson(broken, runs);
                let (low, high) = textbook(broken, runs);
                assert!((f64::from(least) / 1e6 - low).abs() < 1e-4, "{broken} of {runs}");
                assert!((f64::from(most) / 1e6 - high).abs() < 1e-4, "{broken} of {runs}");
            }
        }
    }

    #[test]
    fn no_break_in_a_hundred_runs_leaves_room_for_four_in_a_hundred() {
        assert_eq!(wilson(0, 100), Interval { least: 0, most: 36_996 });
    }

    #[test]
    fn no_run_says_nothing() {
        assert_eq!(wilson(0, 0), Interval { least: 0, most: 1_000_000 });
    }
}
