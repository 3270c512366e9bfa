//! A run that some other host made, followed through the model step by step.
//!
//! What another host reports of a step is what can be seen from outside: who, why, and what left the
//! node. That may fit more than one way of the model (a process that died before or after a write
//! looks the same), so all states that fit are kept, and the run is a path of the model for as
//! long as there is one.
//!
//! A host may spread the effects of a step over time, while a disk syncs or a process stands still;
//! the model's steps are whole. That makes no difference to what is compared: nobody else sees the
//! inside of a node, and a message that leaves earlier can arrive as late.

use crate::action::{Action, Cause};
use crate::bounds::MOST_IN_FLIGHT;
use crate::model::LockModel;
use crate::part::End;
use crate::route::{Death, Reason};
use crate::state::State;
use locklab_protocols::contract::{Event, Protocol};
use locklab_protocols::id::NodeId;

/// What a host saw of one step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sight {
    /// Who took it.
    pub node: NodeId,
    /// Why.
    pub reason: Reason,
    /// The messages that it sent: to whom, and what, as the program prints it.
    pub sent: Vec<(NodeId, String)>,
    /// What it reported, in order.
    pub seen: Vec<Event>,
    /// How the process died in or right after it, if it did. Whether the step was whole is not to be
    /// seen.
    pub death: Option<Death>,
}

/// Follows a run.
#[derive(Debug)]
pub struct Follower<'a, P: Protocol> {
    model: &'a LockModel<P>,
    states: Vec<State>,
}

impl<'a, P: Protocol> Follower<'a, P> {
    /// At the beginning, when all nodes have just started.
    pub fn new(model: &'a LockModel<P>) -> Self {
        Self { model, states: vec![model.plain_begin()] }
    }

    /// The states that the run can be in.
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// Whether a state has room for all messages that are on their way after this step.
    pub fn has_room_for(&self, sight: &Sight) -> bool {
        let taken = matches!(sight.reason, Reason::Delivered { again: false, .. });
        let more = sight.sent.len().saturating_sub(usize::from(taken));
        self.states.iter().any(|state| state.in_flight().len() + more <= MOST_IN_FLIGHT)
    }

    /// Takes a step.
    ///
    /// # Errors
    ///
    /// What the model would have it do instead, if it has no step that looks like this one.
    pub fn step(&mut self, sight: &Sight) -> Result<(), String> {
        let mut next: Vec<State> = Vec::new();
        for state in &self.states {
            next.extend(self.model.fitting(state, sight));
        }
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return Err(self.instead(sight));
        }
        self.states = next;
        Ok(())
    }

    /// A message is lost on its way.
    ///
    /// # Errors
    ///
    /// If it is not on its way.
    pub fn lose(&mut self, from: NodeId, to: NodeId, message: &str) -> Result<(), String> {
        let lost = |state: &State| self.model.without(state, (from, to, message));
        let next: Vec<State> = self.states.iter().filter_map(lost).collect();
        if next.is_empty() {
            return Err(format!("{message} from {from} to {to} is not on its way"));
        }
        self.states = next;
        Ok(())
    }

    fn instead(&self, sight: &Sight) -> String {
        let mut text = format!("no step of the model looks like {sight:?}");
        for state in &self.states {
            let causes = self.model.causes(state, sight);
            if causes.is_empty() {
                text += "\nthere is no such message or timer";
            }
            for (slot, cause) in causes {
                for stride in self.model.strides(state, slot, cause) {
                    let (sent, seen, end) = self.model.looks(*stride);
                    text += &format!("\nbut {sent:?}, {seen:?}, {end:?}");
                }
            }
        }
        text
    }
}

impl<P: Protocol> LockModel<P> {
    /// The messages that a step sends, what it reports, and how it ends.
    fn looks(&self, stride: u32) -> (Vec<(NodeId, String)>, &[Event], End) {
        let stride = self.desk().get(stride);
        let sent = stride.sent.iter().map(|message| {
            let letter = self.desk().letter(*message);
            (letter.to, format!("{:?}", letter.body))
        });
        (sent.collect(), self.desk().script(stride.seen), stride.end)
    }

    /// A message that is on its way.
    fn flight(&self, state: &State, (from, to, text): (NodeId, NodeId, &str)) -> Option<u16> {
        let mut flights = state.in_flight().iter().copied();
        flights.find(|message| {
            let letter = self.desk().letter(*message);
            (letter.from, letter.to) == (from, to) && format!("{:?}", letter.body) == text
        })
    }

    fn without(&self, state: &State, letter: (NodeId, NodeId, &str)) -> Option<State> {
        let message = self.flight(state, letter)?;
        Some(self.plainly_moved(state, Action::Drop { message })?.state)
    }

    /// What can be behind a step: at most one cause.
    fn causes(&self, state: &State, sight: &Sight) -> Vec<(usize, Cause)> {
        let slot = self.desk().slot(sight.node);
        let cause = match &sight.reason {
            Reason::Started => Some(Cause::Start),
            Reason::Died => sight.death.map(|death| Cause::Crash { power: death.power }),
            Reason::Delivered { from, message, .. } => {
                self.flight(state, (*from, sight.node, message)).map(Cause::Message)
            }
            Reason::Fired { timer } => {
                let mut armed = self.desk().armed(state.nodes[slot]).iter().copied();
                armed
                    .find(|one| format!("{:?}", self.desk().timer(*one)) == *timer)
                    .map(Cause::Timer)
            }
        };
        cause.map(|cause| (slot, cause)).into_iter().collect()
    }

    /// The states after all steps that look like this one.
    fn fitting(&self, state: &State, sight: &Sight) -> Vec<State> {
        let mut fitting = Vec::new();
        let keep = matches!(sight.reason, Reason::Delivered { again: true, .. });
        let crash = sight.death.map(|death| Cause::Crash { power: death.power });
        for (slot, cause) in self.causes(state, sight) {
            for stride in self.strides(state, slot, cause).iter().copied() {
                let (sent, seen, end) = self.looks(stride);
                // Who dies while it sends has sent everything in the model, where it may be lost.
                let unsent = match (end, sent.strip_prefix(sight.sent.as_slice())) {
                    (End::Whole, Some([])) => &[],
                    (End::Dead { .. }, Some(unsent)) => unsent,
                    _ => continue,
                };
                if seen != sight.seen.as_slice() {
                    continue;
                }
                let action = Action::Step { node: slot as u8, cause, stride, keep };
                let Some(mut moved) = self.plainly_moved(state, action) else { continue };
                for (to, message) in unsent {
                    let lost = self.without(&moved.state, (sight.node, *to, message));
                    moved.state = lost.expect("it was sent in this step");
                }
                match (end, crash) {
                    (End::Whole, None) => fitting.push(moved.state),
                    (End::Whole, Some(crash)) => {
                        fitting.extend(self.after(&moved.state, slot, crash))
                    }
                    (End::Dead { power, .. }, Some(Cause::Crash { power: lost }))
                        if power == lost =>
                    {
                        fitting.push(moved.state);
                    }
                    _ => {}
                }
            }
        }
        // It died before anything of the step had left it: as good as dying before the step.
        if let (Some(crash), [], []) = (crash, &sight.sent[..], &sight.seen[..]) {
            let slot = self.desk().slot(sight.node);
            let before = match &sight.reason {
                Reason::Delivered { again: true, .. } | Reason::Fired { .. } => Some(*state),
                Reason::Delivered { from, message, .. } => {
                    self.without(state, (*from, sight.node, message))
                }
                Reason::Started | Reason::Died => None,
            };
            fitting.extend(before.into_iter().flat_map(|state| self.after(&state, slot, crash)));
        }
        fitting
    }

    /// The states after a cause that leads to something in one way.
    fn after(&self, state: &State, slot: usize, cause: Cause) -> Vec<State> {
        let strides = self.strides(state, slot, cause).iter().copied();
        let actions =
            strides.map(|stride| Action::Step { node: slot as u8, cause, stride, keep: false });
        actions.filter_map(|action| Some(self.plainly_moved(state, action)?.state)).collect()
    }
}
