//! A way through the model, told step by step.

use crate::action::{Action, Cause};
use crate::model::LockModel;
use crate::part::{End, Letter};
use crate::state::State;
use locklab_protocols::contract::{Observation, Protocol};
use locklab_protocols::id::NodeId;
use locklab_protocols::spec::{Guarantee, Verdict};
use std::fmt;

/// One step of a story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What happened.
    pub what: What,
    /// What there was to see of it, in order.
    pub seen: Vec<Observation>,
    /// The messages that it sent, in order: to whom, and what.
    pub sent: Vec<(NodeId, String)>,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// A message arrived.
    Delivered {
        /// Who sent it.
        from: NodeId,
        /// Where it arrived.
        to: NodeId,
        /// What it says.
        message: String,
        /// Whether a copy of it stayed in the network.
        again: bool,
    },
    /// A message was lost.
    Lost {
        /// Who sent it.
        from: NodeId,
        /// Whom it did not reach.
        to: NodeId,
        /// What it says.
        message: String,
    },
    /// A timer fired.
    Fired {
        /// Where.
        node: NodeId,
        /// Which.
        timer: String,
    },
    /// A process died, between two steps or after so many effects of this one.
    Died {
        /// Which.
        node: NodeId,
        /// The step in the middle of which it died, and after how many effects.
        during: Option<(Box<What>, usize)>,
        /// Whether unsynced writes were lost.
        power: bool,
    },
    /// A process began to stand still (only where time passes).
    Paused {
        /// Which.
        node: NodeId,
    },
    /// A process went on.
    Resumed {
        /// Which.
        node: NodeId,
    },
    /// A process started again.
    Restarted {
        /// Which.
        node: NodeId,
    },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered { from, to, message, again } => {
                let copy = if *again { " (and a copy stays in the network)" } else { "" };
                write!(f, "{to} hears {message} from {from}{copy}")
            }
            Self::Lost { from, to, message } => write!(f, "{message} from {from} to {to} is lost"),
            Self::Fired { node, timer } => write!(f, "{node}: timer {timer}"),
            Self::Died { node, during, power } => {
                let how = if *power { "loses power" } else { "dies" };
                match during {
                    None => write!(f, "{node} {how}"),
                    Some((what, after)) => {
                        write!(f, "{what}; {node} {how} after {after} effects of this")
                    }
                }
            }
            Self::Paused { node } => write!(f, "{node} stands still"),
            Self::Resumed { node } => write!(f, "{node} goes on"),
            Self::Restarted { node } => write!(f, "{node} starts again"),
        }
    }
}

/// Tells the way that these actions take from the beginning, and what has happened before it.
///
/// # Panics
///
/// If one of them cannot happen where it stands.
pub fn tell<P: Protocol>(model: &LockModel<P>, way: &[Action]) -> Vec<Step> {
    let mut state = model.started();
    let mut steps = Vec::new();
    for action in model.told(way) {
        steps.push(model.tell_step(&state, action));
        state = model.plainly_moved(&state, action).expect("a way of this model").state;
    }
    steps
}

impl<P: Protocol> LockModel<P> {
    /// Everything that is to be told of a way, from the start of all nodes on: what has happened
    /// before the search began, and the way, with every node under its own name.
    ///
    /// # Panics
    ///
    /// If one of the actions cannot happen where it stands.
    pub(crate) fn told(&self, way: &[Action]) -> Vec<Action> {
        let mut actions = self.prelude();
        actions.extend(self.plainly(way).0);
        actions
    }

    /// A way through canonical states, in which nodes that are alike may change places with each
    /// step, as a way on which each keeps its name; and where that ends.
    ///
    /// # Panics
    ///
    /// If one of the actions cannot happen where it stands.
    pub(crate) fn plainly(&self, way: &[Action]) -> (Vec<Action>, State) {
        let mut canonical = self.begin();
        let mut plain = self.plain_begin();
        let mut actions = Vec::new();
        for action in way {
            let own = self.under_own_names(&plain, &canonical, *action);
            plain = self.plainly_moved(&plain, own).expect("a way of this model").state;
            canonical = self.moved(&canonical, *action).expect("a way of this model").state;
            actions.push(own);
        }
        (actions, plain)
    }

    /// What stands for an action of a canonical state in a state for which that one stands.
    fn under_own_names(&self, plain: &State, canonical: &State, action: Action) -> Action {
        let Some(symmetry) = &self.desk().symmetry else {
            return action;
        };
        let arrange = |messages: &mut [u16]| self.arrange(messages);
        let leads_there = |renaming: &usize| {
            symmetry.renamed(plain, *renaming, arrange).is_some_and(|state| state == *canonical)
        };
        let mut renamings = 0..symmetry.renamings().len();
        let renaming = renamings.find(leads_there).expect("a state that this one stands for");
        let back = symmetry.back(renaming);
        let letter = |message: u16| {
            let letter = symmetry.letters.get(back, u32::from(message) - 1);
            letter.expect("a message that was met") as u16 + 1
        };
        match action {
            Action::Drop { message } => Action::Drop { message: letter(message) },
            Action::Step { node, cause, stride, keep } => Action::Step {
                node: symmetry.renamings()[back][usize::from(node)],
                cause: match cause {
                    Cause::Message(message) => Cause::Message(letter(message)),
                    Cause::Timer(timer) => {
                        let timer = symmetry.timers.get(back, timer.into());
                        Cause::Timer(timer.expect("a timer that was met") as u16)
                    }
                    Cause::Start | Cause::Crash { .. } => cause,
                },
                stride: symmetry.strides.get(back, stride).expect("a step that was met"),
                keep,
            },
        }
    }

    /// What the monitor of a guarantee says at the end of this way.
    ///
    /// # Panics
    ///
    /// If one of the actions cannot happen where it stands.
    pub fn verdict(&self, way: &[Action], guarantee: Guarantee) -> Verdict {
        self.witness(&self.plainly(way).1).reason(guarantee)
    }

    /// Tells one step.
    ///
    /// # Panics
    ///
    /// If it cannot happen in this state.
    pub fn tell_step(&self, state: &State, action: Action) -> Step {
        let mut what = self.what(action);
        let Action::Step { node, cause, stride, .. } = action else {
            return Step { what, seen: Vec::new(), sent: Vec::new() };
        };
        let mut seen = Vec::new();
        let told = |observation: &Observation| seen.push(observation.clone());
        self.desk().tell(self.configuration(), state, stride, told);
        let stride = self.desk().get(stride);
        if let (End::Dead { after, power }, false) =
            (stride.end, matches!(cause, Cause::Crash { .. }))
        {
            let node = self.nodes()[usize::from(node)];
            what = What::Died { node, during: Some((Box::new(what), after)), power };
        }
        let sent = stride.sent.iter().map(|message| {
            let letter = self.desk().letter(*message);
            (letter.to, words(&letter.body))
        });
        Step { what, seen, sent: sent.collect() }
    }

    /// What an action is, in words that need no state.
    pub(crate) fn what(&self, action: Action) -> What {
        let letter = |message| {
            let Letter { from, to, body } = self.desk().letter(message);
            (*from, *to, words(body))
        };
        match action {
            Action::Drop { message } => {
                let (from, to, message) = letter(message);
                What::Lost { from, to, message }
            }
            Action::Step { node, cause, keep, .. } => {
                let node = self.nodes()[usize::from(node)];
                match cause {
                    Cause::Message(message) => {
                        let (from, to, message) = letter(message);
                        What::Delivered { from, to, message, again: keep }
                    }
                    Cause::Timer(timer) => {
                        What::Fired { node, timer: words(self.desk().timer(timer)) }
                    }
                    Cause::Start => What::Restarted { node },
                    Cause::Crash { power } => What::Died { node, during: None, power },
                }
            }
        }
    }
}

/// A value in few words.
pub(crate) fn words(value: &impl fmt::Debug) -> String {
    short(&format!("{value:?}"))
}

/// Names of numbers that say nothing beside the number, and what stands for them.
const NUMBERS: [(&str, &str); 9] = [
    ("ClientId(", "c"),
    ("ServerId(", "s"),
    ("LockId(", "L"),
    ("Incarnation(", "#"),
    ("Token(", "token "),
    ("Version(", ""),
    ("Term(", ""),
    ("Index(", ""),
    ("Sequence(", ""),
];

/// A value in fewer words than `Debug` makes of it.
pub(crate) fn short(debug: &str) -> String {
    let mut text = debug.to_owned();
    for (name, sign) in NUMBERS {
        let mut rest = std::mem::take(&mut text);
        while let Some(start) = rest.find(name) {
            let after = rest.split_off(start + name.len());
            rest.truncate(start);
            text += &rest;
            let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            if digits > 0 && after[digits..].starts_with(')') {
                text += sign;
                text += &after[..digits];
                rest = after[digits + 1..].to_owned();
            } else {
                text += name;
                rest = after;
            }
        }
        text += &rest;
    }
    for host in ["Lock(", "Storage(", "Client(", "Server(", "Application("] {
        if let Some(inner) = text.strip_prefix(host).and_then(|inner| inner.strip_suffix(')')) {
            text = inner.to_owned();
            break;
        }
    }
    text.replace("Owner { client: ", "").replace(", incarnation: #", " #").replace(" #1 }", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_need_no_types() {
        let owner = "Owner { client: ClientId(2), incarnation: Incarnation(1) }";
        let said = short(&format!("Lock(Take {{ lock: LockId(1), owner: {owner} }})"));
        assert_eq!(said, "Take { lock: L1, owner: c2 }");
        assert_eq!(short("Token(x)"), "Token(x)");
        assert_eq!(short("Storage(Read)"), "Read");
    }
}
