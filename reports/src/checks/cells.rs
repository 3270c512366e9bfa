//! What a search says, as cells of the report of a comparison.
//!
//! The words differ, because the two look differently. A guarantee that no run within the bounds
//! breaks is *exhausted* there and *held* here; a search that did not come by what it was to come
//! by has proved nothing, so nothing was *exercised*. There are no seeds and no rates: of all
//! states within the bounds none or some way leads to a break, and how many do says nothing of how
//! often it happens.

use super::{Checked, Judged, Outcome};
use crate::report::{Rate, ReportCell, ReportVerdict, Source, Standing};

impl Checked {
    /// What the configuration is called where scenarios are named.
    pub fn scenario(&self) -> String {
        format!("model: {}", self.about)
    }

    /// One cell for each guarantee; `replay` is the command that does the check again.
    pub(crate) fn cells(&self, replay: Option<&str>) -> Vec<ReportCell> {
        self.guarantees.iter().map(|judged| self.cell(judged, replay)).collect()
    }

    /// What the search was to come by and did not; empty if it looked.
    pub fn unseen(&self) -> String {
        let goals = self.missed.iter().map(|goal| format!("goal {goal}"));
        let landmarks = self.landmarks.iter().filter(|landmark| !landmark.found);
        let all: Vec<String> = goals.chain(landmarks.map(|one| one.name.clone())).collect();
        all.join("; ")
    }

    fn cell(&self, judged: &Judged, replay: Option<&str>) -> ReportCell {
        let verdict = match judged.verdict {
            Outcome::Exhausted if !self.looked() => ReportVerdict::NotExercised,
            other => other.into(),
        };
        let count = |says: ReportVerdict, number: u64| if verdict == says { number } else { 0 };
        let (standing, why) = self.standing(judged);
        ReportCell {
            protocol: self.protocol.clone(),
            scenario: self.scenario(),
            guarantee: judged.guarantee.clone(),
            source: Source::Model,
            verdict,
            expected: Some(judged.expected.into()),
            // What promises assume is about time, and a model has none: its catalogue says what
            // is to come out.
            promised: false,
            standing,
            why,
            runs: self.states,
            held_runs: count(ReportVerdict::Held, self.states),
            // One run is told; how many others there are, nobody counts.
            broken_runs: count(ReportVerdict::Broken, 1),
            unknown_runs: count(ReportVerdict::Unknown, self.states),
            not_exercised_runs: count(ReportVerdict::NotExercised, self.states),
            missing_runs: 0,
            break_rate: Rate { least: 0, most: 1_000_000 },
            reason: self.reason(judged),
            first_broken_seed: None,
            first_broken: None,
            first_unknown: None,
            first_not_exercised: None,
            replay: replay.map(str::to_owned),
        }
    }

    fn reason(&self, judged: &Judged) -> String {
        match (judged.verdict, &judged.reason) {
            (Outcome::Broken, Some(reason)) => reason.clone(),
            (Outcome::Unknown | Outcome::Broken, _) => {
                "the search stopped before its end".to_owned()
            }
            (Outcome::Exhausted, _) if self.looked() => {
                format!("no run breaks it within {}", self.bounds)
            }
            (Outcome::Exhausted, _) => format!("the search did not come by: {}", self.unseen()),
        }
    }

    /// As [`exit`](Self::exit) judges, in words.
    fn standing(&self, judged: &Judged) -> (Standing, String) {
        let Judged { guarantee, verdict, expected, .. } = judged;
        let reason = self.reason(judged);
        match (verdict, expected) {
            (Outcome::Unknown, _) => {
                (Standing::Undecided, format!("{guarantee} is unknown in the model: {reason}"))
            }
            (Outcome::Broken, Outcome::Exhausted | Outcome::Unknown) => {
                let why = format!("{guarantee} should hold in the model and breaks: {reason}");
                (Standing::Regression, why)
            }
            (Outcome::Exhausted, Outcome::Broken) => {
                let why = format!(
                    "{guarantee} should break in the model and does not: the search has gone blind"
                );
                (Standing::Blind, why)
            }
            (Outcome::Exhausted, _) if !self.looked() => {
                (Standing::Blind, format!("{guarantee} is not proved in the model: {reason}"))
            }
            (Outcome::Broken, _) if !self.looked() => {
                let why = format!(
                    "{guarantee} breaks in the model as it should, but the search did not come by: {}",
                    self.unseen()
                );
                (Standing::Undecided, why)
            }
            _ => (Standing::AsExpected, String::new()),
        }
    }
}

impl From<Outcome> for ReportVerdict {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Exhausted => Self::Held,
            Outcome::Broken => Self::Broken,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample::{check, judged};
    use crate::cli::Exit;
    use Outcome::{Broken, Exhausted, Unknown};

    /// What becomes of this, if the search has looked or not.
    fn made(verdict: Outcome, expected: Outcome, looked: bool) -> (ReportCell, Exit) {
        let mut check = check("ttl");
        check.guarantees = vec![judged("token-order", verdict, expected)];
        if !looked {
            check.missed.push("granted".to_owned());
        }
        let cells = check.cells(Some("the command"));
        let [cell] = cells.as_slice() else { panic!("{cells:?}") };
        (cell.clone(), check.exit())
    }

    #[test]
    fn a_cell_stands_as_its_check_ends() {
        let cases = [
            (Exhausted, Exhausted, true, ReportVerdict::Held, Standing::AsExpected),
            (Broken, Broken, true, ReportVerdict::Broken, Standing::AsExpected),
            (Broken, Exhausted, true, ReportVerdict::Broken, Standing::Regression),
            (Exhausted, Broken, true, ReportVerdict::Held, Standing::Blind),
            (Unknown, Exhausted, true, ReportVerdict::Unknown, Standing::Undecided),
            (Unknown, Broken, true, ReportVerdict::Unknown, Standing::Undecided),
            // A search that has not looked proves nothing, but what it found it found.
            (Exhausted, Exhausted, false, ReportVerdict::NotExercised, Standing::Blind),
            (Exhausted, Broken, false, ReportVerdict::NotExercised, Standing::Blind),
            (Broken, Broken, false, ReportVerdict::Broken, Standing::Undecided),
            (Broken, Exhausted, false, ReportVerdict::Broken, Standing::Regression),
            (Unknown, Exhausted, false, ReportVerdict::Unknown, Standing::Undecided),
        ];
        for (says, expected, looked, verdict, standing) in cases {
            let (cell, exit) = made(says, expected, looked);
            assert_eq!((cell.verdict, cell.standing), (verdict, standing), "{says:?} {expected:?}");
            // As the cells of runs are judged.
            let ends = match standing {
                Standing::AsExpected => Exit::Fine,
                Standing::Regression => Exit::Broken,
                Standing::Blind if looked || expected == Broken => Exit::Broken,
                Standing::Blind | Standing::Undecided => Exit::Undecided,
            };
            assert_eq!(exit, ends, "{says:?} {expected:?} {looked}");
            assert_eq!(cell.why.is_empty(), standing == Standing::AsExpected);
            assert!(!cell.reason.is_empty() && !cell.promised && cell.first_broken_seed.is_none());
            assert_eq!((cell.source, cell.runs), (Source::Model, 123_456));
            assert_eq!(cell.replay.as_deref(), Some("the command"));
        }
    }

    #[test]
    fn a_cell_says_within_what_and_how() {
        let (held, _) = made(Exhausted, Exhausted, true);
        assert_eq!(held.scenario, "model: 1 server, 2 clients, a storage of a test");
        let bounds = "2 acquires a client, 24 messages in flight";
        assert_eq!(held.reason, format!("no run breaks it within {bounds}"));
        let (broken, _) = made(Broken, Exhausted, true);
        assert_eq!(
            broken.why,
            "token-order should hold in the model and breaks: c2 was granted <L1> while c1 held it"
        );
        let (idle, _) = made(Exhausted, Exhausted, false);
        assert_eq!(idle.reason, "the search did not come by: goal granted");
    }
}
