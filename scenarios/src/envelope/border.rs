//! Where something begins to break.

use super::{Measure, Probe, Standing};
use std::collections::BTreeMap;

/// So many parts has the grid of amounts that are tried first.
const GRID: u64 = 8;

/// Where something begins to break, as far as was looked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Border {
    /// The largest amount at which it held, all smaller ones that were tried not breaking it.
    pub tolerates: Option<u64>,
    /// The smallest amount at which it broke.
    pub breaks_at: Option<u64>,
    /// The smallest seed that broke it there, where it is one run that breaks it.
    pub first_broken_seed: Option<u64>,
    /// In how many runs it broke there.
    pub broken_runs: u64,
    /// Amounts beyond the border at which it held again.
    pub holds_again: Vec<u64>,
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Find {
    /// Of what.
    pub measure: Measure,
    /// The largest amount.
    pub most: u64,
    /// How close the two sides are brought.
    pub step: u64,
    /// An amount that must be looked at: that up to which it is promised.
    pub promised: Option<u64>,
}

/// Finds the border: a grid first, then halving between its last amount that does not break and
/// its first that does.
///
/// `probe` is asked for one amount after the other, and may answer from memory; `None` stops the
/// search. What is asked depends on the answers alone.
pub fn border(find: Find, probe: &mut dyn FnMut(u64) -> Option<Probe>) -> Option<Border> {
    let mut seen: BTreeMap<u64, Probe> = BTreeMap::new();
    let mut breaks = |amount: u64| {
        let probe = probe(amount)?;
        let breaks = matches!(probe.standing(find.measure), Standing::Breaks(_));
        seen.insert(amount, probe);
        Some(breaks)
    };
    let mut grid: Vec<u64> = (0..=GRID).map(|part| find.most * part / GRID).collect();
    grid.extend(find.promised);
    grid.sort_unstable();
    grid.dedup();
    let mut below = None;
    let mut above = None;
    for amount in grid {
        match (breaks(amount)?, above) {
            (true, None) => above = Some(amount),
            (false, None) => below = Some(amount),
            (_, Some(_)) => {}
        }
    }
    if let (Some(mut below), Some(mut above)) = (below, above) {
        while above - below > find.step {
            let middle = below + (above - below) / 2;
            if breaks(middle)? { above = middle } else { below = middle }
        }
    }
    Some(found(find.measure, &seen))
}

fn found(measure: Measure, seen: &BTreeMap<u64, Probe>) -> Border {
    let standing = |probe: &Probe| probe.standing(measure);
    let broken = seen.iter().find_map(|(amount, probe)| match standing(probe) {
        Standing::Breaks(seed) => Some((*amount, seed, probe)),
        Standing::Holds | Standing::Open => None,
    });
    let end = broken.map_or(u64::MAX, |(amount, ..)| amount);
    let holds = |from_here: &mut dyn Iterator<Item = (&u64, &Probe)>| -> Vec<u64> {
        from_here
            .filter(|(_, probe)| standing(probe) == Standing::Holds)
            .map(|(amount, _)| *amount)
            .collect()
    };
    let broken_runs = broken.map_or(0, |(_, _, probe)| match measure {
        Measure::Guarantee(of) => probe.guarantees.get(&of).map_or(0, |count| count.broken),
        Measure::Availability(_) => 0,
    });
    Border {
        tolerates: holds(&mut seen.range(..end)).last().copied(),
        breaks_at: broken.map(|(amount, ..)| amount),
        first_broken_seed: broken.and_then(|(_, seed, _)| seed),
        broken_runs,
        holds_again: match broken {
            Some(_) => holds(&mut seen.range(end..)),
            None => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::Count;
    use super::*;
    use locklab_protocols::spec::Guarantee;

    const MEASURE: Measure = Measure::Guarantee(Guarantee::MutualExclusion);

    /// A lock that breaks where `breaks` says so, and nothing is put to the test below 100.
    fn looked(breaks: impl Fn(u64) -> bool, promised: Option<u64>) -> (Border, Vec<u64>) {
        let find = Find { measure: MEASURE, most: 40_000, step: 50, promised };
        let mut asked = Vec::new();
        let mut probe = |amount: u64| {
            asked.push(amount);
            let count = match (breaks(amount), amount < 100) {
                (true, _) => Count { broken: 3, first_broken: Some(7), ..Count::default() },
                (false, true) => Count::default(),
                (false, false) => Count { held: 20, ..Count::default() },
            };
            let guarantees = BTreeMap::from([(Guarantee::MutualExclusion, count)]);
            Some(Probe { runs: 20, guarantees, felt: 20, ..Probe::default() })
        };
        let found = border(find, &mut probe).expect("nobody stopped it");
        (found, asked)
    }

    #[test]
    fn the_two_sides_of_a_border_are_close() {
        for true_border in [1, 99, 100, 777, 5_000, 5_001, 9_713, 39_999, 40_000] {
            let (found, asked) = looked(|amount| amount >= true_border, None);
            let breaks_at = found.breaks_at.expect("it breaks");
            assert!((true_border..true_border + 50).contains(&breaks_at), "{found:?}");
            let below = asked.iter().filter(|amount| **amount < breaks_at).max();
            assert!(breaks_at - below.expect("it looked below") <= 50, "{found:?}");
            assert_eq!((found.first_broken_seed, found.broken_runs), (Some(7), 3));
            assert!(found.holds_again.is_empty());
            assert!(asked.len() < 20, "{asked:?}");
        }
    }

    #[test]
    fn what_never_breaks_has_no_border_and_what_always_does_tolerates_nothing() {
        let (never, _) = looked(|_| false, None);
        assert_eq!((never.tolerates, never.breaks_at), (Some(40_000), None));
        let (always, _) = looked(|_| true, None);
        assert_eq!((always.tolerates, always.breaks_at), (None, Some(0)));
    }

    #[test]
    fn what_was_not_put_to_the_test_is_not_tolerated() {
        let (found, _) = looked(|amount| amount >= 80, None);
        assert_eq!(found.tolerates, None);
        assert!(found.breaks_at.is_some_and(|amount| (80..130).contains(&amount)), "{found:?}");
    }

    #[test]
    fn what_holds_again_beyond_the_border_is_said() {
        let (found, _) = looked(|amount| (9_000..22_000).contains(&amount), None);
        assert!(found.breaks_at.is_some_and(|amount| (9_000..9_050).contains(&amount)));
        assert_eq!(found.holds_again, [25_000, 30_000, 35_000, 40_000]);
    }

    #[test]
    fn it_is_looked_right_where_the_promise_ends() {
        let (found, asked) = looked(|amount| amount == 1_803, Some(1_803));
        assert!(asked.contains(&1_803));
        assert_eq!(found.breaks_at, Some(1_803));
        assert_eq!(found.holds_again[0], 5_000);
    }

    #[test]
    fn it_stops_when_it_is_told_to() {
        let find = Find { measure: MEASURE, most: 40_000, step: 50, promised: None };
        assert_eq!(border(find, &mut |_| None), None);
    }
}
