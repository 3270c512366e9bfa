//! How sure are we? What runs without a failure say of the rate at which runs fail.

/// The largest share of failing runs that so many runs without a failure leave room for, with
/// 95 % confidence: the exact bound, `1 - 0.05^(1/n)`, which for many runs is the rule of three,
/// `3/n` (Hanley and Lippman-Hand 1983). 1 after no run.
pub fn failure_rate_at_most(clean_runs: u64) -> f64 {
    if clean_runs == 0 { 1.0 } else { -f64::exp_m1(f64::ln(0.05) / clean_runs as f64) }
}

/// How likely so many runs without a failure are if a failure that came at this rate is still
/// there.
pub fn chance_still_there(former_rate: f64, clean_runs: u64) -> f64 {
    f64::powf(1.0 - former_rate.clamp(0.0, 1.0), clean_runs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_bound_is_close_to_the_rule_of_three() {
        assert!((failure_rate_at_most(1) - 0.95).abs() < 1e-9);
        assert!((failure_rate_at_most(0) - 1.0).abs() < 1e-9);
        for runs in [100_u64, 10_000] {
            let rule = 3.0 / runs as f64;
            assert!((failure_rate_at_most(runs) / rule - 1.0).abs() < 0.02);
        }
    }

    #[test]
    fn a_failure_of_one_run_in_a_hundred_hides_from_three_hundred_in_one_case_of_twenty() {
        assert!((chance_still_there(0.01, 299) - 0.0495).abs() < 1e-3);
        assert!((chance_still_there(1.0, 1)).abs() < 1e-9);
    }
}
