//! What the model checker found, for people and for programs.
//!
//! A verdict of a search is worth as much as its bounds, so the two are never apart: *exhausted*
//! means that no run within these bounds breaks the guarantee. Nothing in the report for programs
//! depends on the machine or the threads, unless a search stopped before its end.
//!
//! What was written is read back by [`Report::from_json`], and joins the report of a comparison
//! as cells of its own ([`join`](crate::report::Report::join)): the same guarantees, looked at in
//! another way.

mod cells;
mod command;
mod page;
mod read;
#[cfg(test)]
pub(crate) mod sample;
mod words;

pub use page::page;
pub use read::NoCheck;

use crate::cli::Exit;
use crate::terminal::many;
use locklab_models::{Finding, Passed, Step, Subject};
use locklab_protocols::spec::Guarantee;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use command::Commands;
pub(crate) use read::sound;
pub(crate) use words::moves;

/// The name and the version of the format.
pub const SCHEMA: &str = "locklab/check/1";

/// What came out of all checks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// One for each configuration.
    pub checks: Vec<Checked>,
}

impl Default for Report {
    fn default() -> Self {
        Self { schema: SCHEMA.to_owned(), checks: Vec::new() }
    }
}

/// What came out of one configuration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// The protocol.
    pub protocol: String,
    /// Servers, clients, storage, crashes, and where the search begins if that is not the start.
    pub about: String,
    /// How far the search went.
    pub bounds: String,
    /// The bounds that forbade a move, with how often.
    pub cuts: Vec<Cut>,
    /// How many different states the last search has seen.
    pub states: u64,
    /// How many it has made.
    pub generated: u64,
    /// One for each guarantee that was watched.
    pub guarantees: Vec<Judged>,
    /// The goals that the search did not reach: with one of these, it proved nothing.
    pub missed: Vec<String>,
    /// States that the search was to find.
    pub landmarks: Vec<Found>,
}

/// How often a bound forbade a move.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// The bound.
    pub bound: String,
    /// How many moves it forbade.
    pub moves: u64,
}

/// What the search says of a guarantee.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// No run within the bounds breaks it.
    Exhausted,
    /// A run breaks it.
    Broken,
    /// The search stopped before it had seen everything.
    Unknown,
}

/// What became of one guarantee.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// The guarantee.
    pub guarantee: String,
    /// What the search says.
    pub verdict: Outcome,
    /// What it should say.
    pub expected: Outcome,
    /// How it breaks, in the words of its monitor.
    pub reason: Option<String>,
    /// The moves of a run that breaks it.
    pub story: Vec<String>,
}

/// A state that the search was to find.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// In a few words.
    pub name: String,
    /// Whether it found it.
    pub found: bool,
    /// The moves of a shortest run to it, if the search knows one.
    pub story: Vec<String>,
}

impl Found {
    fn of(passed: &Passed) -> Self {
        let story = passed.story.as_deref().map_or_else(Vec::new, moves);
        Self { name: passed.name.to_owned(), found: passed.found, story }
    }
}

impl Judged {
    fn of(guarantee: Guarantee, finding: &Finding, breaks: &[Guarantee]) -> Self {
        let expected =
            if breaks.contains(&guarantee) { Outcome::Broken } else { Outcome::Exhausted };
        let quiet = |verdict| Self {
            guarantee: guarantee.name().to_owned(),
            verdict,
            expected,
            reason: None,
            story: vec![],
        };
        match finding {
            Finding::Exhausted => quiet(Outcome::Exhausted),
            Finding::Stopped => quiet(Outcome::Unknown),
            Finding::Broken { reason, story, .. } => Self {
                reason: Some(reason.clone()),
                story: moves(story as &[Step]),
                ..quiet(Outcome::Broken)
            },
        }
    }

    fn exit(&self) -> Exit {
        match self.verdict {
            verdict if verdict == self.expected => Exit::Fine,
            Outcome::Unknown => Exit::Undecided,
            Outcome::Broken | Outcome::Exhausted => Exit::Broken,
        }
    }
}

/// How far the search of a configuration goes, in words.
fn bounds(subject: &dyn Subject) -> String {
    let reach = subject.reach().map_or_else(String::new, |reach| format!(", {reach}"));
    format!("{}{reach}", subject.bounds())
}

impl Checked {
    /// What a check of this configuration found.
    pub fn of(subject: &dyn Subject, report: &locklab_models::Report) -> Self {
        let count = |states: usize| u64::try_from(states).unwrap_or(u64::MAX);
        let cuts = report.cuts.iter();
        let guarantees = report.findings.iter();
        Self {
            protocol: subject.protocol().to_owned(),
            about: subject.about(),
            bounds: bounds(subject),
            cuts: cuts
                .map(|(bound, moves)| Cut { bound: bound.name().to_owned(), moves: *moves })
                .collect(),
            states: count(report.unique),
            generated: count(report.generated),
            guarantees: guarantees
                .map(|(guarantee, finding)| Judged::of(*guarantee, finding, subject.breaks()))
                .collect(),
            missed: report.missed.iter().map(|goal| goal.name().to_owned()).collect(),
            landmarks: report.landmarks.iter().map(Found::of).collect(),
        }
    }

    /// Whether the search came by everything that it was to come by.
    pub fn looked(&self) -> bool {
        self.missed.is_empty() && self.landmarks.iter().all(|landmark| landmark.found)
    }

    /// How a command ends that has to say this.
    pub(crate) fn exit(&self) -> Exit {
        let worst = self.guarantees.iter().map(Judged::exit).max().unwrap_or(Exit::Undecided);
        if self.looked() { worst } else { worst.max(Exit::Undecided) }
    }
}

impl Report {
    /// How the command ends: the worst of the checks.
    pub fn exit(&self) -> Exit {
        self.checks.iter().map(Checked::exit).max().unwrap_or(Exit::Undecided)
    }

    /// As text for programs.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has a form in JSON");
        text.push('\n');
        text
    }

    /// In one line.
    pub fn summary(&self) -> String {
        summary(&self.checks)
    }
}

/// What some checks come to, in one line.
pub fn summary(checks: &[Checked]) -> String {
    let states = checks.iter().fold(0_u64, |sum, check| sum.saturating_add(check.states));
    let wrong = checks.iter().filter(|check| check.exit() != Exit::Fine).count();
    let outcome = match wrong {
        0 => "all is as expected".to_owned(),
        1 => "1 is NOT as it should be".to_owned(),
        _ => format!("{wrong} are NOT as they should be"),
    };
    let configurations = many(checks.len(), "configuration");
    format!("{configurations}, {}; {outcome}.", many(states, "state"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(finding: &Finding, breaks: &[Guarantee]) -> Checked {
        Checked {
            protocol: "ttl".to_owned(),
            about: String::new(),
            bounds: String::new(),
            cuts: Vec::new(),
            states: 1,
            generated: 1,
            guarantees: vec![Judged::of(Guarantee::TokenOrder, finding, breaks)],
            missed: Vec::new(),
            landmarks: Vec::new(),
        }
    }

    #[test]
    fn a_break_that_nobody_knows_and_a_known_one_that_is_gone_are_both_wrong() {
        let broken =
            Finding::Broken { reason: "so".to_owned(), story: Vec::new(), route: Vec::new() };
        let known = [Guarantee::TokenOrder];
        assert_eq!(checked(&broken, &known).exit(), Exit::Fine);
        assert_eq!(checked(&broken, &[]).exit(), Exit::Broken);
        assert_eq!(checked(&Finding::Exhausted, &[]).exit(), Exit::Fine);
        assert_eq!(checked(&Finding::Exhausted, &known).exit(), Exit::Broken);
    }

    #[test]
    fn what_stopped_or_did_not_look_is_unknown() {
        assert_eq!(checked(&Finding::Stopped, &[]).exit(), Exit::Undecided);
        let mut blind = checked(&Finding::Exhausted, &[]);
        blind.missed.push("granted".to_owned());
        assert_eq!(blind.exit(), Exit::Undecided);
        let mut blind = checked(&Finding::Exhausted, &[]);
        blind.landmarks.push(Found { name: "blocked".to_owned(), found: false, story: Vec::new() });
        assert_eq!(blind.exit(), Exit::Undecided);
        assert_eq!(Report::default().exit(), Exit::Undecided, "nothing was checked");
    }
}
