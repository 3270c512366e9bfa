//! A schedule: what chance decides in a run, written down.
//!
//! A seed says it too, but only for as long as nobody changes how chance is drawn. A schedule says
//! it by meaning: the third message from `c1` to `s1` arrives after 4 ms; the second time that
//! `c2` waits at random it waits 130 ms. So a run that is [played](crate::play) from it stays the
//! same run when other code draws more, less, or otherwise than before.
//!
//! A schedule need not be complete. What it leaves out is decided the plain way, without any seed:
//! a message arrives after the link's least delay (or, where there is none, the usual one) and is
//! neither lost nor doubled, unless all are; an application takes the first of its choices. A timer
//! takes the least of its range, and each node a fixed share of the range more, or nodes that draw
//! a time to get out of each other's way (candidates of an election) never would. A schedule from
//! which everything that does not matter has been taken out is therefore short, and shows what a
//! failure needs of chance; often that is nothing.

use crate::text::duration;
use locklab_protocols::id::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What chance decides in a run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Schedule {
    /// After how long each message arrives: not at all, once or twice. The key is who sends it,
    /// to whom, and the how many-th on this link it is, counted from 1.
    pub messages: BTreeMap<(NodeId, NodeId, u32), Vec<Duration>>,
    /// How long each timer runs that was armed with a range: by node, and counted from 1.
    pub timers: BTreeMap<(NodeId, u32), Duration>,
    /// What each question for a choice was answered: by node, and counted from 1.
    pub draws: BTreeMap<(NodeId, u32), u32>,
}

impl Schedule {
    /// How many decisions it lists.
    pub fn len(&self) -> usize {
        self.messages.len() + self.timers.len() + self.draws.len()
    }

    /// Whether everything is decided the plain way.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How a schedule stands in a file: three lists, in order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    messages: Vec<Message>,
    timers: Vec<Timer>,
    draws: Vec<Draw>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    from: NodeId,
    to: NodeId,
    nth: u32,
    arrives: Vec<Arrival>,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Arrival(#[serde(with = "duration")] Duration);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Timer {
    node: NodeId,
    nth: u32,
    #[serde(with = "duration")]
    after: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Draw {
    node: NodeId,
    nth: u32,
    drawn: u32,
}

impl From<Schedule> for Form {
    fn from(schedule: Schedule) -> Self {
        let messages = schedule.messages.into_iter().map(|((from, to, nth), arrives)| {
            let arrives = arrives.into_iter().map(Arrival).collect();
            Message { from, to, nth, arrives }
        });
        let timers = schedule.timers.into_iter();
        let draws = schedule.draws.into_iter();
        Self {
            messages: messages.collect(),
            timers: timers.map(|((node, nth), after)| Timer { node, nth, after }).collect(),
            draws: draws.map(|((node, nth), drawn)| Draw { node, nth, drawn }).collect(),
        }
    }
}

impl TryFrom<Form> for Schedule {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        let mut schedule = Self::default();
        for Message { from, to, nth, arrives } in form.messages {
            if arrives.len() > 2 {
                let times = arrives.len();
                return Err(format!(
                    "message {nth} from {from} to {to} arrives {times} times; at most 2"
                ));
            }
            let arrives = arrives.into_iter().map(|Arrival(after)| after).collect();
            if schedule.messages.insert((from, to, nth), arrives).is_some() {
                return Err(format!("message {nth} from {from} to {to} is listed twice"));
            }
        }
        for Timer { node, nth, after } in form.timers {
            if schedule.timers.insert((node, nth), after).is_some() {
                return Err(format!("timer {nth} of {node} is listed twice"));
            }
        }
        for Draw { node, nth, drawn } in form.draws {
            if schedule.draws.insert((node, nth), drawn).is_some() {
                return Err(format!("draw {nth} of {node} is listed twice"));
            }
        }
        Ok(schedule)
    }
}
