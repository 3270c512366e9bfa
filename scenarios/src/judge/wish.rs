//! Is a verdict as it should be?

use super::{Cell, Judgement};
use crate::scenario::Expected;
use std::fmt;

/// Whether a verdict is as it should be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Wish {
    /// As promised and expected, or nothing was asked.
    AsExpected,
    /// Something broke that should have held, or is known better than what came out.
    Regression(String),
    /// An expected break was not found, or what should hold was never put to the test.
    Blind(String),
    /// It cannot be said: a check could not decide, or runs are missing.
    Undecided(String),
}

impl Wish {
    /// Holds a cell's verdict against its promise and its expectation.
    pub(super) fn of(cell: &Cell) -> Self {
        let Cell { verdict, expected, guarantee, runs, .. } = cell;
        let reason = &cell.reason;
        match (verdict, expected) {
            (Judgement::Broken, _) if cell.promised => {
                Self::Regression(format!("{guarantee} is promised here and broke: {reason}"))
            }
            (Judgement::Broken, Some(Expected::Broken) | None) => Self::AsExpected,
            (Judgement::Broken, Some(wanted)) => {
                Self::Regression(format!("{guarantee} should be {wanted} and broke: {reason}"))
            }
            _ if cell.missing_runs > 0 && (expected.is_some() || cell.promised) => {
                Self::Undecided(format!("{} runs are missing", cell.missing_runs))
            }
            (Judgement::Unknown, None) if cell.promised => Self::Undecided(reason.clone()),
            (_, None) => Self::AsExpected,
            (found, Some(wanted)) if Expected::from(*found) == *wanted => Self::AsExpected,
            (Judgement::Unknown, Some(_)) => Self::Undecided(reason.clone()),
            (_, Some(Expected::Broken)) => {
                Self::Blind(format!("{guarantee} should break here; {runs} runs did not find it"))
            }
            (Judgement::NotExercised, Some(_)) => {
                Self::Blind(format!("{guarantee} was never put to the test: {reason}"))
            }
            (Judgement::Held, Some(wanted)) => {
                Self::Regression(format!("{guarantee} holds here now; {wanted} was expected"))
            }
        }
    }

    /// Whether it is as it should be.
    pub fn is_fine(&self) -> bool {
        *self == Self::AsExpected
    }

    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AsExpected => "as-expected",
            Self::Regression(_) => "regression",
            Self::Blind(_) => "blind",
            Self::Undecided(_) => "undecided",
        }
    }

    /// Why it is not as it should be; empty if it is.
    pub fn why(&self) -> &str {
        match self {
            Self::AsExpected => "",
            Self::Regression(why) | Self::Blind(why) | Self::Undecided(why) => why,
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why() {
            "" => f.write_str(self.name()),
            why => write!(f, "{}: {why}", self.name()),
        }
    }
}
