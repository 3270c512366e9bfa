//! What a run leaves behind.

use crate::measures::Measures;
use locklab_protocols::contract::{Observation, Trigger};
use locklab_protocols::id::NodeId;
use locklab_protocols::spec::{Goal, Guarantee, Verdict};
use locklab_protocols::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// What a run leaves behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The hash of everything that happened, in order.
    pub hash: u64,
    /// How many steps the nodes took.
    pub steps: u64,
    /// When the run ended.
    pub end: Time,
    /// What the monitors say. If a fault of the plan never bit, what would have been held is not
    /// exercised.
    pub verdicts: BTreeMap<Guarantee, Verdict>,
    /// Which of the goals were reached.
    pub goals: BTreeSet<Goal>,
    /// What was counted.
    pub measures: Measures,
    /// What the faults of the plan did, in its order.
    pub bites: Vec<Bites>,
    /// What the run came by.
    pub coverage: Coverage,
    /// What happened, if it was asked for; empty otherwise.
    pub trace: Vec<Traced>,
}

/// What one fault of the plan did.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Bites {
    /// The name of its kind.
    pub kind: &'static str,
    /// When it struck first, if it did.
    pub struck: Option<Time>,
    /// When it ended last; `None` if it never struck, or lasts for ever.
    pub ended: Option<Time>,
    /// How often it was felt: a message dropped, a step withheld, a clock read or a timer fired
    /// wrong.
    pub count: u64,
    /// How often while some client believed that it holds a lock; 0 of a live run, which counts
    /// beside the stream of events.
    pub while_held: u64,
    /// How often while some client waited for a lock; 0 of a live run.
    pub while_awaited: u64,
}

/// What a run came by, as far as one run can be told from another by it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Coverage {
    /// How things stood when each kind of fault struck.
    pub struck: BTreeSet<(&'static str, Standing)>,
    /// Which events that faults can wait for followed right on each other, three at a time.
    pub sequences: BTreeSet<[Trigger; 3]>,
}

/// How things stand in a run, by what can be seen of every lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Standing {
    /// Whether some client believes that it holds a lock.
    pub held: bool,
    /// Whether some client waits for a lock.
    pub awaited: bool,
    /// What happened last of what faults can wait for.
    pub last: Option<Trigger>,
}

/// Why nothing of a run counts as held: the first fault of its plan that was never felt.
pub fn never_felt(bites: &[Bites]) -> Option<String> {
    let position = bites.iter().position(|bites| bites.count == 0)?;
    let Bites { kind, struck, .. } = &bites[position];
    let number = position + 1;
    Some(match struck {
        Some(at) => format!("fault {number} ({kind}) struck at {at} and bit nothing"),
        None => format!("fault {number} ({kind}) never struck"),
    })
}

/// One line of a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Traced {
    /// When.
    pub at: Time,
    /// What.
    pub what: Happening,
}

/// What a trace tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happening {
    /// A node, or the world about a node, reports something.
    Seen(Observation),
    /// A message leaves a node.
    Sent {
        /// From whom.
        from: NodeId,
        /// To whom.
        to: NodeId,
        /// What it says, as the program prints it.
        message: String,
        /// What becomes of it.
        fate: Fate,
    },
    /// A message is handed to a node.
    Delivered {
        /// From whom.
        from: NodeId,
        /// To whom.
        to: NodeId,
        /// What it says, as the program prints it.
        message: String,
        /// When it was sent.
        sent: Time,
    },
    /// A timer fires at a node.
    Fired {
        /// Where.
        node: NodeId,
        /// Which, as the program prints it.
        timer: String,
    },
    /// A fault of the plan strikes.
    FaultBegins {
        /// Its position in the plan.
        fault: usize,
        /// Whom it strikes.
        nodes: Vec<NodeId>,
        /// What it does, in plain words.
        what: String,
    },
    /// A fault of the plan ends.
    FaultEnds {
        /// Its position in the plan.
        fault: usize,
    },
}

/// What becomes of a message that was sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fate {
    /// It will arrive then, unless its link is cut before.
    Arrives(Time),
    /// It is lost by chance.
    Lost,
    /// Its link is cut.
    Cut,
}
