//! A report of checks, read back: strictly, for what it says is taken for proved.

use super::{Checked, Judged, Outcome, Report, SCHEMA};
use crate::report::guarantee;
use locklab_protocols::spec::Goal;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;

/// Why a text is no report of checks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoCheck(String);

impl fmt::Display for NoCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoCheck {}

impl Report {
    /// Reads a report of checks back.
    ///
    /// # Errors
    ///
    /// If the text is cut short, is no JSON, contradicts itself, or is another program's or
    /// version's.
    pub fn from_json(text: &str) -> Result<Self, NoCheck> {
        #[derive(Deserialize)]
        struct Label {
            schema: Option<String>,
        }
        let broken = |error: serde_json::Error| {
            let why = if error.is_eof() { "it is cut short" } else { "it is no check of Locklab" };
            NoCheck(format!("{why}: {error}"))
        };
        let label: Label = serde_json::from_str(text).map_err(broken)?;
        match label.schema.as_deref() {
            Some(SCHEMA) => {}
            Some(other) => {
                let why = format!(
                    "its schema is `{other}`; this program reads `{SCHEMA}`, as `locklab check \
                     --json` writes it"
                );
                return Err(NoCheck(why));
            }
            None => {
                let why = format!("it has no schema; a check begins with `{SCHEMA}`");
                return Err(NoCheck(why));
            }
        }
        let report: Self = serde_json::from_str(text).map_err(broken)?;
        if report.checks.is_empty() {
            return Err(NoCheck("nothing was checked in it".to_owned()));
        }
        sound(&report.checks).map_err(NoCheck)?;
        Ok(report)
    }
}

/// Whether these checks can be: each by itself, and no configuration twice.
///
/// # Errors
///
/// What cannot be, and of which.
pub(crate) fn sound(checks: &[Checked]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for check in checks {
        check.sound()?;
        if !seen.insert((&check.protocol, &check.about)) {
            return Err(format!("it has {} twice", check.name()));
        }
    }
    Ok(())
}

impl Checked {
    /// What it calls itself in messages.
    pub(crate) fn name(&self) -> String {
        format!("the check of {} with {}", self.protocol, self.about)
    }

    fn sound(&self) -> Result<(), String> {
        let wrong = |what: &str| {
            Err(format!("it contradicts itself on {}, {}: {what}", self.protocol, self.about))
        };
        let mut seen = BTreeSet::new();
        for judged in &self.guarantees {
            guarantee(&judged.guarantee).map_err(|why| why.to_string())?;
            if !seen.insert(&judged.guarantee) {
                return wrong(&format!("it has {} twice", judged.guarantee));
            }
            if let Err(what) = judged.sound() {
                return wrong(&what);
            }
        }
        if seen.is_empty() {
            return wrong("no guarantee was watched");
        }
        let says = |verdict| self.guarantees.iter().any(|judged| judged.verdict == verdict);
        if says(Outcome::Exhausted) && says(Outcome::Unknown) {
            return wrong("a search that stopped before its end has exhausted nothing");
        }
        if self.states == 0 || self.states > self.generated {
            let (states, generated) = (self.states, self.generated);
            return wrong(&format!("{states} different states of {generated} that were made"));
        }
        for goal in &self.missed {
            if !Goal::ALL.iter().any(|known| known.name() == goal) {
                return Err(format!("it names a goal that there is not: `{goal}`"));
            }
        }
        match self.landmarks.iter().find(|one| !one.found && !one.story.is_empty()) {
            Some(one) => wrong(&format!("it tells the way to `{}` and did not find it", one.name)),
            None => Ok(()),
        }
    }
}

impl Judged {
    fn sound(&self) -> Result<(), String> {
        let Self { guarantee, verdict, expected, reason, story } = self;
        let broken = *verdict == Outcome::Broken;
        if *expected == Outcome::Unknown {
            return Err(format!("nobody expects that {guarantee} is unknown"));
        }
        if broken != reason.is_some() || (!broken && !story.is_empty()) {
            return Err(format!("{guarantee} is not as broken as it says"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::sample;

    /// Changes a check that can be into one that cannot.
    type Plant = fn(&mut Checked);

    fn why(text: &str) -> String {
        Report::from_json(text).expect_err("it is no check").to_string()
    }

    #[test]
    fn what_was_written_is_read_back() {
        let report = sample::report([sample::check("ttl"), sample::wrong("raft")]);
        assert_eq!(Report::from_json(&report.to_json()), Ok(report));
    }

    #[test]
    fn what_is_no_check_is_said_to_be_none() {
        let text = sample::report([sample::check("ttl")]).to_json();
        assert!(why(&text[..text.len() / 2]).starts_with("it is cut short: "));
        assert!(why("").starts_with("it is cut short: "));
        assert!(why("hello").starts_with("it is no check of Locklab: "));
        assert!(why("[]").starts_with("it is no check of Locklab: "));
        assert_eq!(why("{}"), "it has no schema; a check begins with `locklab/check/1`");
        assert_eq!(
            why(r#"{"schema": "locklab/report/2"}"#),
            "its schema is `locklab/report/2`; this program reads `locklab/check/1`, as `locklab \
             check --json` writes it"
        );
        assert_eq!(why(&Report::default().to_json()), "nothing was checked in it");
        let more = text.replacen("\"checks\"", "\"seed\": 1, \"checks\"", 1);
        assert!(why(&more).contains("unknown field `seed`"));
        let less = text.replacen("\"bounds\"", "\"bound\"", 1);
        assert!(why(&less).contains("unknown field `bound`"));
        let other = text.replacen("\"exhausted\"", "\"fine\"", 1);
        assert!(why(&other).contains("unknown variant `fine`"));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let changed = |change: Plant| {
            let mut check = sample::check("ttl");
            change(&mut check);
            why(&sample::report([check]).to_json())
        };
        let about = "it contradicts itself on ttl, 1 server, 2 clients, a storage of a test: ";
        let cases: [(Plant, &str); 9] = [
            (|it| it.guarantees[0].reason = None, "mutual-exclusion is not as broken as it says"),
            (
                |it| it.guarantees[0].verdict = Outcome::Exhausted,
                "mutual-exclusion is not as broken as it says",
            ),
            (
                |it| it.guarantees[1].expected = Outcome::Unknown,
                "nobody expects that token-order is unknown",
            ),
            (|it| it.guarantees.push(it.guarantees[1].clone()), "it has token-order twice"),
            (|it| it.guarantees.clear(), "no guarantee was watched"),
            (
                |it| {
                    let more = sample::judged("progress", Outcome::Unknown, Outcome::Exhausted);
                    it.guarantees.push(more);
                },
                "a search that stopped before its end has exhausted nothing",
            ),
            (|it| it.states = 0, "0 different states of 234567 that were made"),
            (|it| it.generated = 1, "123456 different states of 1 that were made"),
            (
                |it| it.landmarks[0].found = false,
                "it tells the way to `somebody waits` and did not find it",
            ),
        ];
        for (change, what) in cases {
            assert_eq!(changed(change), format!("{about}{what}"));
        }
        assert_eq!(
            changed(|it| it.missed.push("luck".to_owned())),
            "it names a goal that there is not: `luck`"
        );
        assert_eq!(
            changed(|it| "luck".clone_into(&mut it.guarantees[0].guarantee)),
            "it names a guarantee that there is not: `luck`"
        );
        let twice = sample::report([sample::check("ttl"), sample::wrong("ttl")]).to_json();
        let name = "the check of ttl with 1 server, 2 clients, a storage of a test";
        assert_eq!(why(&twice), format!("it has {name} twice"));
    }
}
