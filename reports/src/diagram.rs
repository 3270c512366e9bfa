//! A run as a space-time diagram: who said what to whom when, who believed what, and what was so.
//!
//! The [`Diagram`] is data: a lane for each node, arrows, bars, bands, tokens. It is made from the
//! stream of what happened and from the story's lines, which are its rows; whoever has both can
//! have one, a simulated run as well as one of real processes. Pages draw it
//! ([`html`](crate::html)).
//!
//! A run of half a minute has thousands of messages, and a diagram that shows them all shows
//! nothing. So one can be [narrowed](Diagram::narrowed) to what a reader wants: the time around
//! the break, and of the messages those that the story's lines come of. A step of a node takes no
//! time, so what a node sent or did at a moment comes of the messages that were handed to it at
//! that same moment; those come of what their senders were handed when they sent them, and so on
//! back. A server that has to write to its disk before it answers is handed a message a little
//! earlier: the last one it was handed counts. Messages that did not get through are kept too.

mod narrow;
mod scribe;
#[cfg(test)]
mod tests;

use locklab_scenarios::sim::Outcome;
use locklab_scenarios::story::Line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run, or a part of it, as a space-time diagram. Moments are nanoseconds of simulated time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diagram {
    /// Where it begins.
    pub from: u64,
    /// Where it ends.
    pub to: u64,
    /// Where the run ends.
    pub run_end: u64,
    /// Which lines of the story are its rows: from this one, counted from 0, up to that one
    /// without it.
    pub lines: (usize, usize),
    /// The nodes, one lane each: clients, servers, the storage.
    pub lanes: Vec<String>,
    /// How many nodes have no lane, because nothing that is shown happens to them.
    pub lanes_left_out: usize,
    /// The messages, in the order in which they were sent.
    pub messages: Vec<Arrow>,
    /// How many messages of its time are not shown.
    pub messages_left_out: usize,
    /// Who believed to hold a lock.
    pub beliefs: Vec<Bar>,
    /// Who owned a lock by the account of the servers.
    pub accounts: Vec<Bar>,
    /// What was wrong, and where.
    pub bands: Vec<Band>,
    /// The tokens that were shown at grants and at the storage.
    pub tokens: Vec<Shown>,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrow {
    /// The lane of its sender, counted from 0.
    pub from: usize,
    /// The lane of its receiver.
    pub to: usize,
    /// When it was sent.
    pub sent: u64,
    /// When it was handed to its receiver; `null` if it never was.
    pub arrived: Option<u64>,
    /// What became of it.
    pub fate: ArrowFate,
    /// What it is about.
    pub text: String,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ArrowFate {
    /// It was handed to its receiver.
    Delivered,
    /// It was handed to its receiver once more.
    Copy,
    /// It was lost by chance.
    Lost,
    /// Its link was cut.
    Cut,
    /// It was on its way and never handed over: its receiver was dead, or the run ended.
    Undelivered,
}

/// That a client believed to hold a lock, or was its owner by the account of the servers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// The lane of the client.
    pub lane: usize,
    /// The lock.
    pub lock: String,
    /// From when on.
    pub from: u64,
    /// Until when.
    pub to: u64,
    /// With which token, where there is one.
    pub token: Option<u64>,
    /// How it ended: `released`, `lost`, `crashed`, `expired`, `forgotten` or, at the end of the
    /// run, `open`.
    pub end: String,
}

/// That something was wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Whom it concerns.
    pub lanes: Vec<usize>,
    /// The kind of the fault: `pause` and `crash` for what happened to one node, otherwise the
    /// name of the fault.
    pub kind: String,
    /// From when on.
    pub from: u64,
    /// Until when.
    pub to: u64,
    /// In words.
    pub text: String,
}

/// A token, shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The lane in which it was seen.
    pub lane: usize,
    /// When.
    pub at: u64,
    /// The token; `null` for an operation without one.
    pub token: Option<u64>,
    /// Whose operation it was.
    pub owner: String,
    /// What it was shown for: `granted`, `read`, `written` or `refused`.
    pub what: String,
}

impl Diagram {
    /// The whole of a run that was recorded, with all lines of its story.
    pub fn of(outcome: &Outcome, story: &[Line]) -> Self {
        let mut scribe = scribe::Scribe::default();
        for traced in &outcome.trace {
            scribe.hear(traced.at, &traced.what);
        }
        scribe.finish(outcome.end, story.len())
    }
}
