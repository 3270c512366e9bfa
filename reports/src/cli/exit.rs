//! How the command ends.

use locklab_scenarios::judge::{Cell, Judgement, Wish};
use locklab_scenarios::scenario::Expected;
use std::process::ExitCode;

/// How the command ends, from the best to the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// 0: everything as promised and expected.
    Fine,
    /// 3: something is unknown or was never put to the test, and nothing is worse.
    Undecided,
    /// 1: a guarantee broke that should have held, or a break that should be found was not.
    Broken,
    /// 2: bad usage or input.
    BadInput,
    /// 130: stopped by Ctrl-C.
    Stopped,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Broken => 1,
            Exit::BadInput => 2,
            Exit::Undecided => 3,
            Exit::Stopped => 130,
        })
    }
}

impl Exit {
    /// What a comparison comes to: the worst of its cells.
    ///
    /// That a guarantee is never put to the test where nothing is known of it is no complaint (a
    /// scenario with one lock says nothing of deadlocks), unless nothing at all is put to the
    /// test for that lock there.
    pub fn of(cells: &[Cell]) -> Self {
        let worst = cells.iter().map(Self::of_cell).max().unwrap_or(Self::Fine);
        let same = |a: &Cell, b: &Cell| a.protocol == b.protocol && a.scenario == b.scenario;
        let idle = |cells: &[Cell]| {
            cells.iter().all(|cell| {
                cell.verdict == Judgement::NotExercised
                    && cell.expected != Some(Expected::NotExercised)
            })
        };
        if cells.chunk_by(same).any(idle) { worst.max(Self::Undecided) } else { worst }
    }

    /// What one run comes to. A break that is known to come on some seeds and not on this one
    /// leaves the question open.
    pub fn of_one_run(cells: &[Cell]) -> Self {
        let blind = |cell: &&Cell| matches!(cell.as_wished, Wish::Blind(_));
        let (missed, others): (Vec<&Cell>, Vec<&Cell>) = cells.iter().partition(blind);
        let others: Vec<Cell> = others.into_iter().cloned().collect();
        let rest = Self::of(&others);
        if missed.is_empty() { rest } else { rest.max(Self::Undecided) }
    }

    fn of_cell(cell: &Cell) -> Self {
        match (&cell.as_wished, cell.verdict) {
            (Wish::Blind(_), Judgement::NotExercised)
                if cell.expected != Some(Expected::Broken) =>
            {
                Self::Undecided
            }
            (Wish::Regression(_) | Wish::Blind(_), _) => Self::Broken,
            (Wish::Undecided(_), _) => Self::Undecided,
            (Wish::AsExpected, Judgement::Unknown) if cell.expected != Some(Expected::Unknown) => {
                Self::Undecided
            }
            (Wish::AsExpected, _) => Self::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locklab_protocols::spec::Guarantee;
    use locklab_scenarios::judge::{Says, wilson};

    fn cell(verdict: Judgement, expected: Option<Expected>, as_wished: Wish) -> Cell {
        Cell {
            protocol: "ttl".to_owned(),
            scenario: "calm".to_owned(),
            guarantee: Guarantee::Progress,
            verdict,
            expected,
            promised: false,
            runs: 1,
            broken_runs: 0,
            unknown_runs: 0,
            not_exercised_runs: 0,
            missing_runs: 0,
            says: Says::default(),
            first_broken_seed: None,
            reason: String::new(),
            break_rate: wilson(0, 1),
            as_wished,
        }
    }

    fn held() -> Cell {
        cell(Judgement::Held, None, Wish::AsExpected)
    }

    #[test]
    fn the_worst_cell_decides() {
        let broken = cell(Judgement::Broken, None, Wish::Regression(String::new()));
        let unknown = cell(Judgement::Unknown, None, Wish::AsExpected);
        assert_eq!(Exit::of(&[held()]), Exit::Fine);
        assert_eq!(Exit::of(&[held(), unknown.clone()]), Exit::Undecided);
        assert_eq!(Exit::of(&[unknown, broken, held()]), Exit::Broken);
    }

    #[test]
    fn an_expected_break_is_fine_and_a_missed_one_is_not() {
        let expected = Some(Expected::Broken);
        let found = cell(Judgement::Broken, expected, Wish::AsExpected);
        let missed = cell(Judgement::Held, expected, Wish::Blind(String::new()));
        assert_eq!(Exit::of(&[found]), Exit::Fine);
        assert_eq!(Exit::of(std::slice::from_ref(&missed)), Exit::Broken);
        assert_eq!(Exit::of_one_run(&[held(), missed]), Exit::Undecided);
    }

    #[test]
    fn not_put_to_the_test_counts_where_something_was_expected_or_nothing_was_tested() {
        let idle = cell(Judgement::NotExercised, None, Wish::AsExpected);
        assert_eq!(Exit::of(&[held(), idle.clone()]), Exit::Fine);
        assert_eq!(Exit::of(&[idle]), Exit::Undecided);
        let expected = Some(Expected::Held);
        let wanted = cell(Judgement::NotExercised, expected, Wish::Blind(String::new()));
        assert_eq!(Exit::of(&[held(), wanted]), Exit::Undecided);
    }
}
