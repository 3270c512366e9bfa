//! The links between nodes: whether a message arrives, how often, and when.
//!
//! The policy is a chain of rules: those that faults have put on links are asked first for a cut,
//! then for a loss, then for doubling and delay; the links' own habits come last.

use crate::aim::NodeSet;
use crate::chance::Chance;
use crate::fault::{Kind, Shape, Target, Targets};
use crate::network::{Delay, Network};
use crate::outcome::Fate;
use locklab_protocols::id::NodeId;
use std::time::Duration;

/// When a message arrives, and a second copy of it, counted from when it was sent; or why it
/// never does.
pub type Fates = Result<(Duration, Option<Duration>), Fate>;

/// What a fault does to the messages of a link.
#[derive(Clone, Copy, Debug)]
pub enum Policy {
    /// Nothing passes.
    Cut,
    /// So many of a hundred messages are lost.
    Loss {
        /// How many.
        percent: u32,
    },
    /// So many of a hundred messages arrive twice.
    Duplicate {
        /// How many.
        percent: u32,
    },
    /// Every message takes longer.
    Delay(Delay),
    /// So many of a hundred messages are held back.
    Reorder {
        /// How many.
        percent: u32,
        /// For how long at the most.
        by: Duration,
    },
}

/// A fault's policy on the links between two groups.
#[derive(Debug)]
pub struct Rule {
    /// Which strike put it there.
    pub strike: u64,
    /// Whose fault it is.
    pub fault: usize,
    /// Whose messages it concerns.
    pub from: NodeSet,
    /// To whom.
    pub to: NodeSet,
    /// What it does to them.
    pub policy: Policy,
    /// What it draws from.
    pub chance: Chance,
}

/// How a link behaves by itself.
#[derive(Clone, Copy, Debug)]
pub struct Habit {
    /// How long a message takes.
    pub delay: Delay,
    /// How many of a hundred messages are lost.
    pub loss_percent: u32,
    /// How many of a hundred messages arrive twice.
    pub duplicate_percent: u32,
}

/// The links: their habits, and the rules that faults have put on them.
#[derive(Debug)]
pub struct Links {
    usual: Habit,
    special: Vec<(NodeSet, NodeSet, Habit)>,
    /// What faults have put on them, in the order in which they struck.
    pub rules: Vec<Rule>,
}

impl Links {
    /// The links between these nodes, without a fault.
    pub fn new(network: &Network, ids: &[NodeId]) -> Self {
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
    pub fn disturbed(&self) -> bool {
        let habits = self.special.iter().map(|(.., habit)| habit).chain([&self.usual]);
        habits.into_iter().any(|habit| habit.loss_percent + habit.duplicate_percent > 0)
    }

    /// How the link behaves by itself.
    #[inline]
    pub fn habit(&self, from: usize, to: usize) -> Habit {
        let fits = |(senders, receivers, _): &&(NodeSet, NodeSet, Habit)| {
            senders.contains(from) && receivers.contains(to)
        };
        self.special.iter().rfind(fits).map_or(self.usual, |(.., habit)| *habit)
    }

    /// What becomes of a message that is sent now. `chance` is the sender's; `bite` hears of every
    /// fault that the message feels.
    #[inline]
    pub fn fate(
        &mut self,
        from: usize,
        to: usize,
        chance: &mut Chance,
        mut bite: impl FnMut(usize),
    ) -> Fates {
        let habit = self.habit(from, to);
        let mut delay = habit.delay.sample(chance);
        let lost = chance.percent(habit.loss_percent);
        let mut copy = chance.percent(habit.duplicate_percent).then(|| habit.delay.sample(chance));
        let mut fate = if lost { Some(Fate::Lost) } else { None };
        for rule in &mut self.rules {
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
                bite(rule.fault);
            }
        }
        fate.map_or(Ok((delay, copy)), Err)
    }
}

/// Between which groups a fault of links stands, and what it does there; `None` for other faults.
/// `aim` says whom targets stand for now, `apart` which servers a shape keeps apart.
pub fn rules_of(
    kind: &Kind,
    aim: impl Fn(&Targets) -> NodeSet,
    apart: impl Fn(Shape) -> Vec<(NodeSet, NodeSet)>,
) -> Option<(Vec<(NodeSet, NodeSet)>, Policy)> {
    let between = |from, to, policy| Some((vec![(aim(from), aim(to))], policy));
    match kind {
        Kind::Cut(cut) => {
            let (from, to) = (aim(&cut.from), aim(&cut.to));
            let mut pairs = vec![(from.clone(), to.clone())];
            if !cut.one_way {
                pairs.push((to, from));
            }
            Some((pairs, Policy::Cut))
        }
        Kind::Partition(partition) => {
            let mut pairs = match partition.shape {
                Some(shape) => apart(shape),
                None => sides_apart(partition.sides.iter().map(aim).collect()),
            };
            let back: Vec<_> =
                pairs.iter().map(|(one, other)| (other.clone(), one.clone())).collect();
            pairs.extend(back);
            Some((pairs, Policy::Cut))
        }
        Kind::Loss(on) => between(&on.from, &on.to, Policy::Loss { percent: on.percent }),
        Kind::Duplicate(on) => between(&on.from, &on.to, Policy::Duplicate { percent: on.percent }),
        Kind::Delay(slow) => between(&slow.from, &slow.to, Policy::Delay(slow.by)),
        Kind::Reorder(reorder) => {
            let policy = Policy::Reorder { percent: reorder.percent, by: reorder.by };
            between(&reorder.from, &reorder.to, policy)
        }
        _ => None,
    }
}

fn sides_apart(sides: Vec<NodeSet>) -> Vec<(NodeSet, NodeSet)> {
    let mut pairs = Vec::new();
    for (position, one) in sides.iter().enumerate() {
        for other in &sides[position + 1..] {
            pairs.push((one.clone(), other.clone()));
        }
    }
    pairs
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
