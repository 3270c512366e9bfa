//! One node's share of a system, for hosts that keep the nodes of a system apart.
//!
//! A simulator has one system and changes it in place. A model checker has millions, which differ
//! from each other in one node or two: it keeps every machine that it meets once, puts together the
//! ones that a step concerns, and takes them apart again.

use super::{ClientProcess, Machine, System};
use crate::contract::Protocol;
use crate::id::NodeId;
use crate::storage::Storage;

/// The machine of one node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Part<P: Protocol> {
    /// Of a server.
    Server(Machine<P::Server>),
    /// Of a client.
    Client(Machine<ClientProcess<P>>),
    /// Of the storage.
    Storage(Machine<Storage>),
}

impl<P: Protocol> System<P> {
    /// The machine of a node.
    pub fn part(&self, node: NodeId) -> Part<P> {
        match node {
            NodeId::Server(id) => Part::Server(self.servers[id.index()].clone()),
            NodeId::Client(id) => Part::Client(self.clients[id.index()].clone()),
            NodeId::Storage => Part::Storage(self.storage.clone()),
        }
    }

    /// Puts another machine in the place of a node's.
    ///
    /// # Panics
    ///
    /// If the machine is not one of this node's kind.
    pub fn put(&mut self, node: NodeId, part: Part<P>) {
        match (node, part) {
            (NodeId::Server(id), Part::Server(machine)) => self.servers[id.index()] = machine,
            (NodeId::Client(id), Part::Client(machine)) => self.clients[id.index()] = machine,
            (NodeId::Storage, Part::Storage(machine)) => self.storage = machine,
            (node, part) => panic!("{node} cannot be {part:?}"),
        }
    }
}
