//! One node: a value with one transition.

use super::Effects;
use crate::id::{Incarnation, LockId, NodeId};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::hash::Hash;

/// A node of a protocol.
///
/// Its state is exact: ordered collections, no floating point, every field in the derived `Hash`,
/// for the model checker takes two states with equal hashes for one.
pub trait Node: Clone + Eq + Hash + Debug + Send + Sync + 'static {
    /// What the nodes of this protocol say to each other.
    type Message: Clone + Eq + Ord + Hash + Debug + Send + Sync + 'static;
    /// The timers of this node: a closed enum. A node has one timer of each value.
    type Timer: Clone + Eq + Ord + Hash + Debug + Send + Sync + 'static;
    /// What this node keeps over a crash; `()` for a node that keeps nothing.
    type Disk: Disk;

    /// Takes one input and leaves the effects that follow from it, in order.
    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>);
}

/// What a node keeps on disk: the fold of the changes that it wrote.
///
/// A write costs what it changes, and the loss of unsynced writes is the loss of a suffix.
pub trait Disk: Clone + Eq + Hash + Debug + Default + Send + Sync + 'static {
    /// One write.
    type Change: Clone + Eq + Ord + Hash + Debug + Send + Sync + 'static;

    /// Makes one write part of what is kept.
    fn apply(&mut self, change: Self::Change);
}

/// The disk of a node that keeps nothing.
impl Disk for () {
    type Change = Never;

    fn apply(&mut self, change: Never) {
        match change {}
    }
}

/// A value that never exists: the timers of a node without timers, the changes of a node without
/// a disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Never {}

/// The change type of a node's disk.
pub type Change<N> = <<N as Node>::Disk as Disk>::Change;

/// The inputs of a node.
pub type InputOf<N> = Input<<N as Node>::Message, <N as Node>::Timer>;

/// What can happen to a node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Input<M, T> {
    /// The node starts or restarts; always its first input.
    Started(Incarnation),
    /// A message arrives.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        body: M,
    },
    /// A timer fires: in time, late, or without having been armed.
    Fired(T),
    /// The application wants something; only clients hear this.
    Command(Command),
    /// The answer to [`Effects::read_clock`].
    Clock(Clock, Reading),
    /// The answer to [`Effects::draw`]: a number below the one that was asked for.
    Drawn(u32),
}

/// What an application wants of its client.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Take all of these locks, or none: answered by a [`Granted`](super::LockEvent::Granted) for
    /// each of them in one step, or by a [`Refused`](super::LockEvent::Refused) for each of them.
    ///
    /// More than one lock is asked for only where [`Protocol::takes_sets`](super::Protocol).
    Acquire {
        /// The locks.
        locks: LockSet,
    },
    /// Give this lock back. The application no longer relies on it.
    Release {
        /// The lock.
        lock: LockId,
    },
}

/// Some locks, in their global order, each once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LockSet(Vec<LockId>);

impl LockSet {
    /// The only lock of a set of one.
    ///
    /// # Panics
    ///
    /// If there are more: the host asked a protocol for a set that does not take sets.
    pub fn only(&self) -> LockId {
        assert_eq!(self.0.len(), 1, "this protocol takes one lock at a time");
        self.0[0]
    }

    /// The locks, in order.
    pub fn iter(&self) -> impl Iterator<Item = LockId> + '_ {
        self.0.iter().copied()
    }
}

impl From<LockId> for LockSet {
    fn from(lock: LockId) -> Self {
        Self(vec![lock])
    }
}

impl FromIterator<LockId> for LockSet {
    fn from_iter<I: IntoIterator<Item = LockId>>(locks: I) -> Self {
        let mut locks: Vec<LockId> = locks.into_iter().collect();
        locks.sort_unstable();
        locks.dedup();
        Self(locks)
    }
}

/// The clocks of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Clock {
    /// Counts on at a nearly true rate, never jumps, and means nothing to other nodes.
    Monotonic,
    /// Tells the time of day; somebody may set it.
    Wall,
}

/// What a clock shows, in nanoseconds of its own count.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Reading(pub u64);

impl std::ops::Add<std::time::Duration> for Reading {
    type Output = Self;

    fn add(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(crate::time::nanos(duration)))
    }
}
