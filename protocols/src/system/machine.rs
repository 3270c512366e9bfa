//! One machine: a process that may be up or down, and its disk.

use crate::contract::{Change, Disk, Node};
use crate::id::Incarnation;

/// The process and the disk of one node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Machine<N: Node> {
    node: Option<N>,
    incarnation: Incarnation,
    durable: N::Disk,
    /// Written, but not yet synced: what a power failure takes away.
    unsynced: Vec<Change<N>>,
}

impl<N: Node> Default for Machine<N> {
    fn default() -> Self {
        Self {
            node: None,
            incarnation: Incarnation::default(),
            durable: N::Disk::default(),
            unsynced: Vec::new(),
        }
    }
}

impl<N: Node> Machine<N> {
    /// The node's state; `None` while it is down.
    pub fn node(&self) -> Option<&N> {
        self.node.as_ref()
    }

    /// The node's state, to step it.
    pub fn node_mut(&mut self) -> Option<&mut N> {
        self.node.as_mut()
    }

    /// Builds the node from everything on its disk, synced or not, and begins a new life.
    pub fn start(&mut self, build: impl FnOnce(&N::Disk) -> N) -> Incarnation {
        self.incarnation = Incarnation(self.incarnation.0 + 1);
        self.node =
            Some(if self.unsynced.is_empty() { build(&self.durable) } else { build(&self.disk()) });
        self.incarnation
    }

    /// Everything on the disk, synced or not.
    pub fn disk(&self) -> N::Disk {
        let mut disk = self.durable.clone();
        for change in &self.unsynced {
            disk.apply(change.clone());
        }
        disk
    }

    /// A machine that is down, with this on its disk, durably, and whose next life is this one.
    pub fn restore(&mut self, disk: N::Disk, next_life: Incarnation) {
        let lives = Incarnation(next_life.0.saturating_sub(1));
        *self = Self { node: None, incarnation: lives, durable: disk, unsynced: Vec::new() };
    }

    /// Ends the process.
    pub fn crash(&mut self) {
        self.node = None;
    }

    /// Writes to disk, not yet durable.
    pub fn write(&mut self, change: Change<N>) {
        self.unsynced.push(change);
    }

    /// Makes all writes durable.
    pub fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            self.durable.apply(change);
        }
    }

    /// Loses what is not synced, as in a power failure; says how many writes that were.
    pub fn lose_unsynced(&mut self) -> usize {
        let lost = self.unsynced.len();
        self.unsynced.clear();
        lost
    }

    /// Loses the whole disk; says whether anything was on it.
    pub fn wipe(&mut self) -> bool {
        let anything = self.durable != N::Disk::default() || !self.unsynced.is_empty();
        self.durable = N::Disk::default();
        self.unsynced.clear();
        anything
    }
}
