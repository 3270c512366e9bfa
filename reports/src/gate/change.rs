//! One thing that changed, from what to what.

use std::fmt;

/// Why something that changed is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Why {
    /// A guarantee breaks that did not.
    Breaks,
    /// A break that was found is not found.
    Blind,
    /// A rate moved so far that the intervals of before and after do not meet.
    RateMoved,
    /// A measure is worse by more than its tolerance.
    Worse,
    /// Something is no longer run, or no longer put to the test.
    NotExercised,
    /// Something that was known is unknown.
    Unknown,
    /// It is better than it was.
    Better,
    /// It moved no more than chance moves it.
    Moved,
    /// It was not known, or not put to the test.
    New,
    /// What is promised there changed.
    Promise,
    /// The text of a scenario, or the version of the program.
    Text,
}

impl Why {
    /// Whether it makes the gate red.
    pub fn is_regression(self) -> bool {
        match self {
            Self::Breaks
            | Self::Blind
            | Self::RateMoved
            | Self::Worse
            | Self::NotExercised
            | Self::Unknown => true,
            Self::Better | Self::Moved | Self::New | Self::Promise | Self::Text => false,
        }
    }

    /// In one or two words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Breaks => "BREAKS",
            Self::Blind => "NOT FOUND",
            Self::RateMoved => "RATE MOVED",
            Self::Worse => "WORSE",
            Self::NotExercised => "NOT TESTED",
            Self::Unknown => "UNKNOWN",
            Self::Better => "better",
            Self::Moved => "moved",
            Self::New => "new",
            Self::Promise => "promise",
            Self::Text => "text",
        }
    }
}

/// One thing that changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Why it is told.
    pub why: Why,
    /// The protocol, if it is about one.
    pub protocol: Option<String>,
    /// The scenario, if it is about one.
    pub scenario: Option<String>,
    /// The guarantee or the measure, if it is about one.
    pub what: Option<String>,
    /// What it was.
    pub was: String,
    /// What it is.
    pub is: String,
    /// What to make of it, if that is not plain.
    pub note: Option<String>,
    /// The command that shows it.
    pub replay: Option<String>,
}

impl Change {
    pub(super) fn of((protocol, scenario): (&str, &str), what: &str, why: Why) -> Self {
        Self {
            why,
            protocol: Some(protocol.to_owned()),
            scenario: Some(scenario.to_owned()),
            what: Some(what.to_owned()),
            was: String::new(),
            is: String::new(),
            note: None,
            replay: None,
        }
    }

    pub(super) fn between(mut self, was: impl Into<String>, is: impl Into<String>) -> Self {
        (self.was, self.is) = (was.into(), is.into());
        self
    }

    pub(super) fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    pub(super) fn replayed(mut self, replay: Option<String>) -> Self {
        self.replay = replay;
        self
    }

    fn whole(why: Why) -> Self {
        let mut change = Self::of(("", ""), "", why);
        (change.protocol, change.scenario, change.what) = (None, None, None);
        change
    }

    /// A scenario, or a protocol in it, is not there.
    pub(super) fn gone(protocol: Option<&str>, scenario: &str) -> Self {
        let mut change = Self::whole(Why::NotExercised).between("was run", "is not in the report");
        change.protocol = protocol.map(str::to_owned);
        change.scenario = Some(scenario.to_owned());
        change
    }

    pub(super) fn new_pair(protocol: &str, scenario: &str) -> Self {
        let mut change = Self::whole(Why::New).between("not in the baseline", "run");
        change.protocol = Some(protocol.to_owned());
        change.scenario = Some(scenario.to_owned());
        change.noted("it is not gated until the baseline is updated")
    }

    pub(super) fn version(was: &str, is: &str) -> Self {
        Self::whole(Why::Text).between(format!("version {was}"), format!("version {is}"))
    }

    pub(super) fn scenario_text(scenario: &str) -> Self {
        let mut change = Self::whole(Why::Text).between("its text", "another text");
        change.scenario = Some(scenario.to_owned());
        change.noted("what else changed there may be about that")
    }

    /// Whom it is about.
    pub fn place(&self) -> String {
        match (&self.protocol, &self.scenario) {
            (Some(protocol), Some(scenario)) => format!("{protocol} in {scenario}"),
            (None, Some(scenario)) => format!("scenario {scenario}"),
            (Some(protocol), None) => protocol.clone(),
            (None, None) => "Locklab".to_owned(),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what.as_ref().map(|what| format!("{what}: ")).unwrap_or_default();
        write!(f, "{}: {what}{} -> {}", self.place(), self.was, self.is)
    }
}
