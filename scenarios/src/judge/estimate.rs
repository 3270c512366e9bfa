//! A number with how sure it is, in whole numbers.
//!
//! Runs are the sample: what happens within one run hangs together, and a thousand grants of one
//! run say less than one grant of a thousand runs. A ratio of sums (messages for each grant) is
//! treated as the ratio estimator of cluster sampling (Cochran, Sampling Techniques, section
//! 6.4), with Student's t for few runs; the middle of the runs by order statistics, which assumes
//! nothing about how they are spread (David and Nagaraja, Order Statistics, section 7.1).

/// A value and where it lies with 95 % confidence, in the same unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Estimate {
    /// The value.
    pub value: u64,
    /// At least this and at most this; `None` with too few runs to say.
    pub within: Option<(u64, u64)>,
}

impl Estimate {
    /// A share in thousandths: no more than the whole.
    #[must_use]
    pub(super) fn at_most_whole(self) -> Self {
        let most = |share: u64| share.min(1000);
        let within = self.within.map(|(least, up)| (most(least), most(up)));
        Self { value: most(self.value), within }
    }
}

/// Thousandths of Student's t for 95 % confidence, by degrees of freedom from 1 on.
const T: [u64; 30] = [
    12_707, 4_303, 3_183, 2_777, 2_571, 2_447, 2_365, 2_307, 2_263, 2_229, 2_201, 2_179, 2_161,
    2_145, 2_132, 2_120, 2_110, 2_101, 2_094, 2_086, 2_080, 2_074, 2_069, 2_064, 2_060, 2_056,
    2_052, 2_049, 2_046, 2_043,
];

/// The same for more degrees of freedom than are listed: that of 30, which is on the safe side.
const T_OF_MANY: u64 = 2_043;

/// Thousandths of the sum of the first over the sum of the second; each pair is a run. `None` if
/// the second sum is zero.
pub(super) fn ratio(runs: &[(u64, u64)]) -> Option<Estimate> {
    let whole = |number: u64| i128::from(number);
    let above: i128 = runs.iter().map(|(above, _)| whole(*above)).sum();
    let below: i128 = runs.iter().map(|(_, below)| whole(*below)).sum();
    let value = (above * 1000).checked_div(below)?;
    let count = runs.len() as u128;
    let within = (count >= 2).then(|| {
        // How far each run is from what the ratio makes of it, in thousandths.
        let rest = |(a, b): &(u64, u64)| {
            (whole(*a) * 1000).saturating_sub(whole(*b).saturating_mul(value)).unsigned_abs()
        };
        let squares = runs.iter().map(|run| rest(run).saturating_pow(2));
        let squares = squares.fold(0, u128::saturating_add);
        let spread = (squares.saturating_mul(count) / (count - 1)).isqrt() + 1;
        let t = T.get(runs.len() - 2).copied().unwrap_or(T_OF_MANY);
        let below = u128::try_from(below).unwrap_or(1);
        let half = saturated(spread.saturating_mul(u128::from(t)).div_ceil(1000 * below));
        let value = saturated(value.unsigned_abs());
        (value.saturating_sub(half), value.saturating_add(half))
    });
    Some(Estimate { value: saturated(value.unsigned_abs()), within })
}

fn saturated(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Where the middle of what these runs are a sample of lies; `None` with fewer than six, of which
/// nothing can be said with 95 % confidence. They are sorted here.
pub(super) fn middle(mut runs: Vec<u64>) -> Option<(u64, u64)> {
    runs.sort_unstable();
    let skipped = skipped(runs.len() as u64)?;
    let from = usize::try_from(skipped).ok()?;
    Some((runs[from], runs[runs.len() - 1 - from]))
}

/// How many of so many sorted values may be left out at either end, so that what is left holds
/// the middle with 95 % confidence.
fn skipped(count: u64) -> Option<u64> {
    if count < 6 {
        return None;
    }
    if count > 100 {
        // Half of them, less 1.96 standard deviations of a fair coin, rounded outwards.
        let deviations = (count * 9604).isqrt() + 1;
        return Some((count * 50).saturating_sub(deviations) / 100 - 1);
    }
    // The chance that at most `k` of the values are below the middle is a sum of binomials over
    // 2^count; it may be at most a fortieth at either end.
    let (mut binomial, mut sum, mut k) = (1_u128, 1_u128, 0_u64);
    let all = 1_u128 << count;
    while sum.saturating_mul(40) <= all {
        binomial = binomial * u128::from(count - k) / u128::from(k + 1);
        k += 1;
        sum += binomial;
    }
    k.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_of_equal_runs_is_certain_and_of_different_ones_is_not() {
        let equal = ratio(&[(30, 10); 20]).expect("there are some");
        assert_eq!((equal.value, equal.within), (3000, Some((2999, 3001))));
        let spread: Vec<(u64, u64)> = (1..=20).map(|run| (run * 3, 30)).collect();
        // Mean 1.05, standard deviation 0.5916, standard error 0.13229, t = 2.094: 0.27702, which is
        // rounded outwards to the next thousandth.
        let spread = ratio(&spread).expect("there are some");
        assert_eq!((spread.value, spread.within), (1050, Some((772, 1328))));
    }

    #[test]
    fn one_run_says_nothing_about_others_and_no_grant_has_no_ratio() {
        assert_eq!(ratio(&[(3, 2)]), Some(Estimate { value: 1500, within: None }));
        assert_eq!(ratio(&[(3, 0), (4, 0)]), None);
        assert_eq!(ratio(&[]), None);
    }

    #[test]
    fn the_middle_is_between_the_ranks_of_the_tables() {
        // Conover, Practical Nonparametric Statistics: for 20 the 6th and the 15th, for 6 both
        // ends, for 100 the 40th and the 61st.
        assert_eq!(middle((1..=20).rev().collect()), Some((6, 15)));
        assert_eq!(middle((1..=6).collect()), Some((1, 6)));
        assert_eq!(middle((1..=5).collect()), None);
        assert_eq!(middle((1..=100).collect()), Some((40, 61)));
        // Beyond, the normal approximation: at least as wide, and by one rank at the most.
        let (least, most) = middle((1..=1000).collect()).expect("enough");
        assert!((468..=470).contains(&least) && (531..=533).contains(&most), "{least} {most}");
    }
}
