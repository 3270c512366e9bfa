//! The envelope for programs, `locklab/envelope/1`, and the file by which one goes on that was
//! stopped, `locklab/envelope-state/1`.
//!
//! As in a report, everything is a whole number, and nothing depends on the machine, the clock or
//! the number of threads. A state holds what was found of each amount; what is asked next follows
//! from that alone, so an envelope that goes on ends as one that was never stopped.

mod chart;
mod state;

pub use chart::chart;
pub use state::{Key, State, Unfit};

use crate::Calls;
use locklab_scenarios::envelope::{Border, Measure, Over, Promised, Unit};
use serde::{Deserialize, Serialize};

/// The name and the version of the format.
pub const SCHEMA: &str = "locklab/envelope/1";

/// How much of each fault each lock tolerates.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of the program.
    pub version: String,
    /// The first of the seeds.
    pub first_seed: u64,
    /// How many seeds each amount was met with.
    pub seeds: u64,
    /// One for each kind of fault, measure and protocol.
    pub rows: Vec<EnvelopeRow>,
}

/// How much of a fault a lock tolerates before something breaks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeRow {
    /// The kind of fault.
    pub over: String,
    /// What breaks: a guarantee, or `availability`.
    pub measure: String,
    /// The protocol.
    pub protocol: String,
    /// What amounts count: `ms` or `percent`.
    pub unit: String,
    /// The largest amount that was tried.
    pub most: u64,
    /// The largest amount at which it held, nothing smaller breaking it; none if it was never put
    /// to the test or always broke.
    pub tolerates: Option<u64>,
    /// The smallest amount at which it broke.
    pub breaks_at: Option<u64>,
    /// In how many runs it broke there.
    pub broken_runs: u64,
    /// Amounts beyond that at which it held again.
    pub holds_again: Vec<u64>,
    /// Up to which amount it is promised; none if it is not even promised without the fault.
    pub promised: Option<u64>,
    /// The command that plays the first run that broke it.
    pub replay: Option<String>,
}

impl EnvelopeRow {
    /// The row of a border beside its promise.
    pub fn of(
        (over, measure, protocol): (Over, Measure, &str),
        border: &Border,
        promised: &Promised,
    ) -> Self {
        let scenario = |amount: u64| over.scenario(amount).name;
        let replay = border.breaks_at.zip(border.first_broken_seed);
        let replayed = |(amount, seed)| Calls::default().replay(&scenario(amount), protocol, seed);
        Self {
            over: over.name().to_owned(),
            measure: measure.name().to_owned(),
            protocol: protocol.to_owned(),
            unit: match over.unit() {
                Unit::Millis => "ms".to_owned(),
                Unit::Percent => "percent".to_owned(),
            },
            most: over.most(),
            tolerates: border.tolerates,
            breaks_at: border.breaks_at,
            broken_runs: border.broken_runs,
            holds_again: border.holds_again.clone(),
            promised: match promised {
                Promised::UpTo(amount) => Some(*amount),
                Promised::Not(_) => None,
            },
            replay: replay.map(replayed),
        }
    }

    /// Whether it breaks where it is promised.
    pub fn breaks_its_promise(&self) -> bool {
        self.breaks_at.zip(self.promised).is_some_and(|(breaks, promised)| breaks <= promised)
    }

    /// The kind of fault, if this program knows it.
    pub fn fault(&self) -> Option<Over> {
        Over::ALL.into_iter().find(|over| over.name() == self.over)
    }

    /// Up to where it is promised, if it was put to the test at all.
    pub fn promise_in_sight(&self) -> Option<u64> {
        self.promised.filter(|_| self.tolerates.is_some() || self.breaks_at.is_some())
    }

    /// What was found, with so many seeds, in words.
    pub fn told(&self, seeds: u64) -> String {
        let amount = |amount: u64| match self.fault() {
            Some(over) => over.amount(amount),
            None => format!("{amount} {}", self.unit),
        };
        let found = match (self.tolerates, self.breaks_at) {
            (None, None) => "never put to the test".to_owned(),
            (Some(0), None) => "the fault is never felt".to_owned(),
            (Some(held), None) if held >= self.most => format!("never, up to {}", amount(held)),
            (Some(held), None) => format!("held to {}, untested beyond", amount(held)),
            (_, Some(0)) => "breaks without the fault".to_owned(),
            (held, Some(breaks)) => {
                let held = held.map_or("-".to_owned(), amount);
                let share = match self.broken_runs {
                    0 => String::new(),
                    broken => format!(" ({broken}/{seeds})"),
                };
                format!("{held}, not {}{share}", amount(breaks))
            }
        };
        let again = match self.holds_again.first() {
            Some(first) => format!("; again at {}", amount(*first)),
            None => String::new(),
        };
        let promise = match self.promised {
            _ if self.breaks_its_promise() => "; BROKEN PROMISE".to_owned(),
            Some(promised) if promised >= self.most => "; promised".to_owned(),
            Some(promised) => format!("; promised {}", amount(promised)),
            None => String::new(),
        };
        format!("{found}{again}{promise}")
    }

    /// Whether it is promised and was never put to the test.
    pub fn is_undecided(&self) -> bool {
        self.promised.is_some() && self.tolerates.is_none() && self.breaks_at.is_none()
    }
}

impl Envelope {
    /// The rows that belong side by side: those of one kind of fault and one measure.
    pub fn charts(&self) -> impl Iterator<Item = &[EnvelopeRow]> {
        self.rows.chunk_by(|one, other| (&one.over, &one.measure) == (&other.over, &other.measure))
    }

    /// The text of the report.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("an envelope has a form in JSON");
        text.push('\n');
        text
    }
}
