//! The shelves of one search of the timed model, and what was worked out on them.
//!
//! As in the untimed model, each question about one node is answered once. The node that time has
//! passed over is one more such question.

use super::bench::{Cause, Leg, legs};
use super::clocked::Clocked;
use super::model::Configuration;
use super::state::{State, Why};
use crate::bounds::Bound;
use crate::part::{Letter, Stimulus};
use crate::shelf::{Memory, Shelf};
use crate::state::MOST_NODES;
use crate::witness::{GoalSet, Scene, Witness};
use locklab_protocols::contract::{Event, Observation, Protocol};
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{System, TimerOf};

/// A step as the search sees it, in numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Stride {
    pub(crate) slot: u8,
    pub(crate) after: u32,
    pub(crate) sent: Vec<u16>,
    /// On the shelf of scripts; 0 is the empty one.
    pub(crate) seen: u32,
    pub(crate) idle: bool,
    pub(crate) spends: Option<Bound>,
    pub(crate) asks: u8,
}

/// What a node is to a search that only wants to know what may happen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Face {
    /// Whether it takes steps.
    pub(crate) goes: bool,
    /// Whether a timer of it must fire before time passes.
    pub(crate) due: bool,
    /// Whether it may begin to stand still.
    pub(crate) may_stand: bool,
    /// Whether it may go on.
    pub(crate) may_wake: bool,
    /// The timers that may fire.
    pub(crate) ready: Vec<u16>,
    /// The same node half a tick later, if time may pass.
    pub(crate) later: Option<u32>,
}

/// What an observer sees: what he knew before and the stride, and the other servers, if there are
/// others.
type Sight = (u64, u32);

/// The shelves of one search.
#[derive(Debug)]
pub(crate) struct Desk<P: Protocol> {
    pub(crate) nodes: Shelf<Clocked<P>>,
    timers: Shelf<TimerOf<P>>,
    letters: Shelf<Letter<P>>,
    scripts: Shelf<Vec<Event>>,
    strides: Shelf<Stride>,
    menus: Shelf<Vec<u32>>,
    faces: Shelf<Face>,
    teams: Shelf<[u32; MOST_NODES]>,
    pub(crate) witnesses: Shelf<Witness>,
    steps: Memory<u64, u32>,
    looks: Memory<u32, u32>,
    sights: Memory<Sight, (u32, GoalSet)>,
}

impl<P: Protocol> Default for Desk<P> {
    fn default() -> Self {
        let desk = Self {
            nodes: Shelf::default(),
            timers: Shelf::default(),
            letters: Shelf::default(),
            scripts: Shelf::default(),
            strides: Shelf::default(),
            menus: Shelf::default(),
            faces: Shelf::default(),
            teams: Shelf::default(),
            witnesses: Shelf::default(),
            steps: Memory::default(),
            looks: Memory::default(),
            sights: Memory::default(),
        };
        desk.scripts.number(Vec::new());
        desk
    }
}

fn small(number: u32) -> u16 {
    u16::try_from(number).expect("fewer than 65,536 different messages and timers")
}

impl<P: Protocol> Desk<P> {
    pub(crate) fn letter(&self, message: u16) -> &Letter<P> {
        self.letters.get(u32::from(message) - 1)
    }

    pub(crate) fn timer(&self, timer: u16) -> &TimerOf<P> {
        self.timers.get(u32::from(timer))
    }

    pub(crate) fn get(&self, stride: u32) -> &Stride {
        self.strides.get(stride)
    }

    /// What a node is to the search.
    pub(crate) fn face(&self, configuration: &Configuration<P>, number: u32) -> &Face {
        let face = self.looks.recall(number, || {
            let node = self.nodes.get(number);
            let ready = node.ready().map(|timer| small(self.timers.number(timer.clone())));
            self.faces.number(Face {
                goes: node.goes(),
                due: node.is_due(),
                may_stand: configuration.times.pause > 0 && node.may_stand(),
                may_wake: node.may_wake(configuration.times.pause_halves()),
                ready: ready.collect(),
                later: node.later().map(|later| self.nodes.number(later)),
            })
        });
        self.faces.get(face)
    }

    /// Everything that a cause can lead to at a node.
    pub(crate) fn strides(
        &self,
        configuration: &Configuration<P>,
        (slot, node): (usize, NodeId),
        number: u32,
        why: Why,
    ) -> &[u32] {
        let question = u64::from(number) << 32 | (slot as u64) << 24 | why.code();
        let menu = self.steps.recall(question, || {
            let legs = legs(configuration, node, self.nodes.get(number), &self.cause(why));
            let strides = legs.into_iter().map(|leg| self.strides.number(self.stride(slot, leg)));
            self.menus.number(strides.collect())
        });
        self.menus.get(menu)
    }

    fn cause(&self, why: Why) -> Cause<P> {
        match why {
            Why::Message { message, .. } => {
                let Letter { from, body, .. } = self.letter(message).clone();
                Cause::Step(Stimulus::Message { from, body })
            }
            Why::Timer(timer) => Cause::Step(Stimulus::Timer(self.timer(timer).clone())),
            Why::Start => Cause::Step(Stimulus::Start),
            Why::Stand => Cause::Stand,
            Why::Wake => Cause::Wake,
        }
    }

    fn stride(&self, slot: usize, leg: Leg<P>) -> Stride {
        let sent = leg.sent.into_iter().map(|letter| small(self.letters.number(letter) + 1));
        Stride {
            slot: slot as u8,
            asks: leg.after.acquires,
            after: self.nodes.number(leg.after),
            sent: sent.collect(),
            seen: self.scripts.number(leg.seen),
            idle: leg.idle,
            spends: leg.spends,
        }
    }

    /// What an observer knows after a step.
    pub(crate) fn seen(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        state: &State,
        stride: u32,
    ) -> (u32, GoalSet) {
        let Some(sight) = self.sight(configuration, nodes, state, stride) else {
            return (state.witness, GoalSet::default());
        };
        self.sights.recall(sight, || {
            let (witness, goals) = self.witness(configuration, nodes, sight, |_| {});
            (self.witnesses.number(witness), goals)
        })
    }

    /// What there is to see of a step; `None` if that is nothing.
    fn sight(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        state: &State,
        number: u32,
    ) -> Option<Sight> {
        let stride = self.get(number);
        let slot = usize::from(stride.slot);
        let server = matches!(nodes[slot], NodeId::Server(_));
        if stride.seen == 0 && (!server || stride.after == state.nodes[slot]) {
            return None;
        }
        let servers = configuration.untimed.setting.protocol.servers();
        let team = if server && servers > 1 {
            let mut team = [0; MOST_NODES];
            team[..servers].copy_from_slice(&state.nodes[..servers]);
            team[slot] = 0;
            self.teams.number(team)
        } else {
            0
        };
        Some((u64::from(state.witness) << 32 | u64::from(number), team))
    }

    /// Tells everything that there was to see of a step.
    pub(crate) fn tell(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        state: &State,
        stride: u32,
        told: impl FnMut(&Observation),
    ) {
        if let Some(sight) = self.sight(configuration, nodes, state, stride) {
            self.witness(configuration, nodes, sight, told);
        }
    }

    fn witness(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        (before, team): Sight,
        told: impl FnMut(&Observation),
    ) -> (Witness, GoalSet) {
        let mut witness = self.witnesses.get((before >> 32) as u32).clone();
        let stride = self.get(before as u32);
        let setting = &configuration.untimed.setting;
        let node = nodes[usize::from(stride.slot)];
        let mut during = System::new(setting);
        if matches!(node, NodeId::Server(_)) {
            let servers = setting.protocol.servers();
            for (place, other) in nodes.iter().enumerate().take(servers) {
                if *other != node {
                    let number = self.teams.get(team)[place];
                    during.put(*other, self.nodes.get(number).part.clone());
                }
            }
            during.put(node, self.nodes.get(stride.after).part.clone());
        }
        let scene = Scene {
            protocol: &setting.protocol,
            locks: setting.workload.locks,
            node,
            during: &during,
            after_crash: None,
        };
        let goals = witness.see(&scene, self.scripts.get(stride.seen), told);
        (witness, goals)
    }
}
