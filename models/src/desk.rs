//! The shelves of one search, and what was worked out on them.
//!
//! Whatever a step leads to depends on one node and one input, and whatever an observer makes of
//! it on what he knew before; each such question comes up in a great many states, and is answered
//! once.

use crate::configuration::Configuration;
use crate::part::{End, Leg, Letter, Local, Stimulus};
use crate::shelf::{Memory, Shelf};
use crate::state::{MOST_NODES, State};
use crate::witness::{GoalSet, Scene, Witness};
use locklab_protocols::contract::{Event, Observation, Protocol};
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{System, TimerOf};

/// A step as the search sees it, in numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Stride {
    pub(crate) after: u32,
    pub(crate) during: u32,
    pub(crate) sent: Vec<u16>,
    /// On the shelf of scripts; 0 is the empty one.
    pub(crate) seen: u32,
    pub(crate) spends: Option<crate::bounds::Bound>,
    pub(crate) asks: u8,
    pub(crate) end: End,
}

/// What happens to a node, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Cause {
    Message(u16),
    Timer(u16),
    Start,
    Crash(bool),
}

/// What an observer sees: what he knew before, where, which script, the servers during the step,
/// and the server after its crash.
type Sight = (u32, u8, u32, [u32; MOST_NODES], Option<u32>);

/// The shelves of one search.
#[derive(Debug)]
pub(crate) struct Desk<P: Protocol> {
    pub(crate) locals: Shelf<Local<P>>,
    /// The armed timers of each local, as numbers.
    armed: Memory<u32, u32>,
    timer_sets: Shelf<Vec<u16>>,
    timers: Shelf<TimerOf<P>>,
    letters: Shelf<Letter<P>>,
    scripts: Shelf<Vec<Event>>,
    strides: Shelf<Vec<Stride>>,
    pub(crate) witnesses: Shelf<Witness>,
    steps: Memory<(u8, u32, Cause), u32>,
    sights: Memory<Sight, (u32, GoalSet)>,
}

fn small(number: u32) -> u16 {
    u16::try_from(number).expect("fewer than 65,536 different messages and timers")
}

impl<P: Protocol> Default for Desk<P> {
    fn default() -> Self {
        let desk = Self {
            locals: Shelf::default(),
            armed: Memory::default(),
            timer_sets: Shelf::default(),
            timers: Shelf::default(),
            letters: Shelf::default(),
            scripts: Shelf::default(),
            strides: Shelf::default(),
            witnesses: Shelf::default(),
            steps: Memory::default(),
            sights: Memory::default(),
        };
        desk.scripts.number(Vec::new());
        desk
    }
}

impl<P: Protocol> Desk<P> {
    /// How many different things there are of each kind.
    pub(crate) fn sizes(&self) -> String {
        format!(
            "{} node states, {} messages, {} timers, {} kinds of steps, {} observers' views",
            self.locals.len(),
            self.letters.len(),
            self.timers.len(),
            self.strides.len(),
            self.witnesses.len()
        )
    }

    /// The number of a message; never 0.
    pub(crate) fn number_of(&self, letter: Letter<P>) -> u16 {
        small(self.letters.number(letter) + 1)
    }

    pub(crate) fn letter(&self, message: u16) -> &Letter<P> {
        self.letters.get(u32::from(message) - 1)
    }

    pub(crate) fn timer(&self, timer: u16) -> &TimerOf<P> {
        self.timers.get(u32::from(timer))
    }

    /// The armed timers of a node.
    pub(crate) fn armed(&self, local: u32) -> &[u16] {
        let set = self.armed.recall(local, || {
            let timers = &self.locals.get(local).timers;
            let numbers = timers.iter().map(|timer| small(self.timers.number(timer.clone())));
            self.timer_sets.number(numbers.collect())
        });
        self.timer_sets.get(set)
    }

    /// Everything that a cause can lead to at a node.
    pub(crate) fn strides(
        &self,
        configuration: &Configuration<P>,
        node: (usize, NodeId),
        local: u32,
        cause: Cause,
    ) -> &[Stride] {
        let (slot, node) = node;
        let number = self.steps.recall((slot as u8, local, cause), || {
            let legs = self.legs(configuration, node, local, cause);
            self.strides.number(legs.into_iter().map(|leg| self.stride(leg)).collect())
        });
        self.strides.get(number)
    }

    /// The same in full.
    pub(crate) fn legs(
        &self,
        configuration: &Configuration<P>,
        node: NodeId,
        local: u32,
        cause: Cause,
    ) -> Vec<Leg<P>> {
        let stimulus = match cause {
            Cause::Message(message) => {
                let Letter { from, body, .. } = self.letter(message).clone();
                Stimulus::Message { from, body }
            }
            Cause::Timer(timer) => Stimulus::Timer(self.timer(timer).clone()),
            Cause::Start => Stimulus::Start,
            Cause::Crash(power) => Stimulus::Crash { power },
        };
        configuration.workshop().legs(node, self.locals.get(local), &stimulus)
    }

    fn stride(&self, leg: Leg<P>) -> Stride {
        Stride {
            asks: leg.after.acquires,
            after: self.locals.number(leg.after),
            during: self.locals.number(leg.during),
            sent: leg.sent.into_iter().map(|letter| self.number_of(letter)).collect(),
            seen: self.scripts.number(leg.seen),
            spends: leg.spends,
            end: leg.end,
        }
    }

    /// What an observer knows after a step.
    pub(crate) fn seen(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        state: &State,
        slot: usize,
        stride: &Stride,
    ) -> (u32, GoalSet) {
        let Some(sight) = sight(configuration, nodes, state, slot, stride) else {
            return (state.witness, GoalSet::default());
        };
        self.sights.recall(sight, || {
            let (witness, goals) = self.witness(configuration, nodes, sight, |_| {});
            (self.witnesses.number(witness), goals)
        })
    }

    /// Tells everything that there was to see of a step.
    pub(crate) fn tell(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        state: &State,
        slot: usize,
        stride: &Stride,
        told: impl FnMut(&Observation),
    ) {
        if let Some(sight) = sight(configuration, nodes, state, slot, stride) {
            self.witness(configuration, nodes, sight, told);
        }
    }

    /// What an observer knows after a sight, in full; `told` hears every observation.
    fn witness(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        (before, slot, script, team, dead): Sight,
        told: impl FnMut(&Observation),
    ) -> (Witness, GoalSet) {
        let mut witness = self.witnesses.get(before).clone();
        let setting = &configuration.setting;
        let slot = usize::from(slot);
        let node = nodes[slot];
        let mut during = System::new(setting);
        let server = matches!(node, NodeId::Server(_));
        if server {
            for (place, node) in nodes.iter().enumerate().take(setting.protocol.servers()) {
                during.put(*node, self.locals.get(team[place]).part.clone());
            }
        }
        let after_crash = dead.map(|dead| {
            let mut after = during.clone();
            if server {
                after.put(node, self.locals.get(dead).part.clone());
            }
            after
        });
        let scene = Scene {
            protocol: &setting.protocol,
            locks: setting.workload.locks,
            node,
            during: &during,
            after_crash: after_crash.as_ref(),
        };
        let goals = witness.see(&scene, self.scripts.get(script), told);
        (witness, goals)
    }
}

/// What there is to see of a step; `None` if that is nothing.
fn sight<P: Protocol>(
    configuration: &Configuration<P>,
    nodes: &[NodeId],
    state: &State,
    slot: usize,
    stride: &Stride,
) -> Option<Sight> {
    let server = matches!(nodes[slot], NodeId::Server(_));
    let dead = stride.end != End::Whole;
    let still = if server { stride.after == state.nodes[slot] } else { !dead };
    if stride.seen == 0 && still {
        return None;
    }
    let mut team = [0; MOST_NODES];
    if server {
        let servers = configuration.setting.protocol.servers();
        team[..servers].copy_from_slice(&state.nodes[..servers]);
        team[slot] = stride.during;
    }
    let dead = dead.then_some(if server { stride.after } else { 0 });
    Some((state.witness, slot as u8, stride.seen, team, dead))
}
