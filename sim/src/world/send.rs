//! A message leaves a node: whether it arrives, how often, and when.
//!
//! The policy is a chain of rules: those that faults have put on links are asked first for a cut,
//! then for a loss, then for doubling and delay; the links' own habits come last.

use super::aim::NodeSet;
use super::script::Fates;
use super::{Next, World};
use crate::chance::Chance;
use crate::fault::Target;
use crate::network::{Delay, Network};
use crate::outcome::{Fate, Happening};
use locklab_protocols::contract::Protocol;
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{Packet, PacketOf};
use locklab_protocols::time::Time;
use std::time::Duration;

/// What a fault does to the messages of a link.
#[derive(Clone, Copy, Debug)]
pub(super) enum Policy {
    Cut,
    Loss { percent: u32 },
    Duplicate { percent: u32 },
    Delay(Delay),
    Reorder { percent: u32, by: Duration },
}

/// A fault's policy on the links between two groups.
#[derive(Debug)]
pub(super) struct Rule {
    /// Which strike put it there.
    pub(super) strike: u64,
    /// Whose fault it is.
    pub(super) fault: usize,
    pub(super) from: NodeSet,
    pub(super) to: NodeSet,
    pub(super) policy: Policy,
    pub(super) chance: Chance,
}

/// How a link behaves by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    pub(super) delay: Delay,
    pub(super) loss_percent: u32,
    pub(super) duplicate_percent: u32,
}

/// The links: their habits, and the rules that faults have put on them.
#[derive(Debug)]
pub(super) struct Links {
    usual: Habit,
    special: Vec<(NodeSet, NodeSet, Habit)>,
    pub(super) rules: Vec<Rule>,
}

impl Links {
    pub(super) fn new(network: &Network, ids: &[NodeId]) -> Self {
        let usual = Habit {
            delay: network.delay,
            loss_percent: network.loss_percent,
            duplicate_percent: network.duplicate_percent,
        };
        let special = network.links.iter().map(|link| {
            let habit = Habit {
                delay: link.delay,
                loss_percent: link.loss_percent,
                duplicate_percent: link.duplicate_percent,
            };
            (standing(&link.from.0, ids), standing(&link.to.0, ids), habit)
        });
        Self { usual, special: special.collect(), rules: Vec::new() }
    }

    /// Whether messages get lost or doubled on some link without any fault.
    pub(super) fn disturbed(&self) -> bool {
        let habits = self.special.iter().map(|(.., habit)| habit).chain([&self.usual]);
        habits.into_iter().any(|habit| habit.loss_percent + habit.duplicate_percent > 0)
    }

    pub(super) fn habit(&self, from: usize, to: usize) -> Habit {
        let fits = |(senders, receivers, _): &&(NodeSet, NodeSet, Habit)| {
            senders.contains(from) && receivers.contains(to)
        };
        self.special.iter().rfind(fits).map_or(self.usual, |(.., habit)| *habit)
    }
}

/// The nodes that a target names for the whole run.
fn standing(targets: &[Target], ids: &[NodeId]) -> NodeSet {
    let servers = ids.iter().filter(|id| matches!(id, NodeId::Server(_))).count();
    let named = |id: &NodeId| {
        targets.iter().any(|target| match (target, id) {
            (Target::All, _)
            | (Target::Servers, NodeId::Server(_))
            | (Target::Clients, NodeId::Client(_))
            | (Target::Storage, NodeId::Storage) => true,
            (Target::Server(number), NodeId::Server(id)) => number == id,
            (Target::Client(number), NodeId::Client(id)) => number == id,
            (Target::Majority, NodeId::Server(id)) => id.index() <= servers / 2,
            (Target::Minority, NodeId::Server(id)) => id.index() > servers / 2,
            _ => false,
        })
    };
    NodeSet::new(ids.iter().map(named))
}

impl<P: Protocol> World<P> {
    /// Hands a message to the network.
    pub(super) fn send(&mut self, from: usize, to: NodeId, body: PacketOf<P>) {
        if matches!(body, Packet::Lock(_)) {
            self.observer.measures.messages += 1;
        }
        let Some(slot) = self.slot(to) else { return };
        let fate = self.fate(from, slot);
        let node = self.nodes[from].id;
        match fate {
            Ok((delay, copy)) => {
                let at = self.after(delay);
                let fate = Fate::Arrives(at);
                self.trace(|| sent(node, to, &body, fate));
                if let Some(delay) = copy {
                    self.dispatch(from, slot, body.clone(), self.after(delay));
                }
                self.dispatch(from, slot, body, at);
            }
            Err(fate) => self.trace(|| sent(node, to, &body, fate)),
        }
    }

    fn dispatch(&mut self, from: usize, to: usize, body: PacketOf<P>, at: Time) {
        let sent = self.now;
        self.queue.push(at, Next::Arrival { from, to, body, sent, cut: false });
    }

    /// How long the message takes, and how long a second copy of it; or why it never arrives.
    pub(super) fn drawn_fate(&mut self, from: usize, to: usize) -> Fates {
        let habit = self.links.habit(from, to);
        let chance = &mut self.nodes[from].network_chance;
        let mut delay = habit.delay.sample(chance);
        let lost = chance.percent(habit.loss_percent);
        let mut copy = chance.percent(habit.duplicate_percent).then(|| habit.delay.sample(chance));
        let mut fate = if lost { Some(Fate::Lost) } else { None };
        for rule in &mut self.links.rules {
            if !rule.from.contains(from) || !rule.to.contains(to) {
                continue;
            }
            let bites = match rule.policy {
                Policy::Cut => {
                    fate = Some(Fate::Cut);
                    true
                }
                Policy::Loss { percent } => {
                    let lost = rule.chance.percent(percent);
                    if lost {
                        fate = fate.or(Some(Fate::Lost));
                    }
                    lost
                }
                Policy::Duplicate { percent } => {
                    let doubled = rule.chance.percent(percent);
                    if doubled {
                        copy = Some(habit.delay.sample(&mut rule.chance));
                    }
                    doubled
                }
                Policy::Delay(by) => {
                    delay += by.sample(&mut rule.chance);
                    true
                }
                Policy::Reorder { percent, by } => {
                    let held_back = rule.chance.percent(percent);
                    if held_back {
                        delay += rule.chance.duration(Duration::ZERO, by);
                    }
                    held_back
                }
            };
            if bites {
                self.faults.bite(rule.fault);
            }
        }
        fate.map_or(Ok((delay, copy)), Err)
    }

    /// Cuts what is on its way on links that have just been cut.
    pub(super) fn cut_in_flight(&mut self, fault: usize, senders: &NodeSet, receivers: &NodeSet) {
        let mut hits = 0;
        for next in self.queue.waiting_mut() {
            if let Next::Arrival { from, to, cut, .. } = next
                && !*cut
                && senders.contains(*from)
                && receivers.contains(*to)
            {
                *cut = true;
                hits += 1;
            }
        }
        self.faults.bite_often(fault, hits);
    }
}

fn sent<M: std::fmt::Debug>(from: NodeId, to: NodeId, body: &M, fate: Fate) -> Happening {
    Happening::Sent { from, to, message: format!("{body:?}"), fate }
}
