//! What a monitor says of a run.

use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The verdict on one guarantee in one run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// It was put to the test, and held.
    Held,
    /// It broke.
    Broken {
        /// When it broke first.
        at: Time,
        /// How, in plain words.
        reason: String,
    },
    /// The check could not decide. This never reads as held.
    Unknown {
        /// Why not.
        reason: String,
    },
    /// The run never put it to the test. This never reads as held.
    NotExercised {
        /// What did not happen.
        reason: String,
    },
}

impl Verdict {
    /// Broken at a moment, for a reason.
    pub fn broken(at: Time, reason: impl Into<String>) -> Self {
        Self::Broken { at, reason: reason.into() }
    }

    /// Not put to the test, because something did not happen.
    pub fn not_exercised(reason: impl Into<String>) -> Self {
        Self::NotExercised { reason: reason.into() }
    }

    /// Whether it broke.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken { .. })
    }
}
