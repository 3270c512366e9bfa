//! A protocol: the configuration value that builds the nodes of a lock.

use super::node::Node;
use super::promise::Promise;
use crate::id::{ClientId, LockId, Owner, ServerId};
use crate::spec::Facts;
use crate::system::Machine;
use std::fmt::Debug;
use std::hash::Hash;

/// A lock protocol with all its settings.
pub trait Protocol: Clone + Eq + Ord + Hash + Debug + Send + Sync + 'static {
    /// What servers and clients say to each other.
    type Message: Clone + Eq + Ord + Hash + Debug + Send + Sync + 'static;
    /// A node that keeps locks.
    type Server: Node<Message = Self::Message>;
    /// A node that asks for locks on behalf of an application.
    type Client: Node<Message = Self::Message>;

    /// Its name on the command line and in reports.
    fn name(&self) -> &'static str;

    /// How many servers it runs.
    fn servers(&self) -> usize {
        1
    }

    /// Builds a server from what is left of its disk.
    fn server(&self, id: ServerId, disk: &<Self::Server as Node>::Disk) -> Self::Server;

    /// Builds a client from what is left of its disk.
    fn client(&self, id: ClientId, disk: &<Self::Client as Node>::Disk) -> Self::Client;

    /// Who owns a lock by the account of the live servers together: for one server its own table,
    /// for a quorum lock whoever has a majority. In any order, each owner once.
    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner>;

    /// Whether the live servers together can say now who owns what. While they cannot (nobody
    /// leads, say), the account stands as it was last given.
    fn has_account(&self, _: Servers<'_, Self>) -> bool {
        true
    }

    /// What it promises. A promise of several alternatives is several promises.
    fn promises(&self) -> Vec<Promise> {
        Vec::new()
    }

    /// Its own invariants, looked at after every step of a server, over the states of the live
    /// servers and over [`Facts`] that remember what was true before. It should look only at what
    /// the step can have changed.
    fn agreement(&self, _: Servers<'_, Self>, _stepped: ServerId, _: &mut Facts) -> Accord {
        Accord::NothingToAgree
    }

    /// The sequential lock that its histories are held against.
    fn semantics(&self) -> Semantics {
        Semantics::default()
    }

    /// Whether one `Acquire` may ask for several locks at once.
    fn takes_sets(&self) -> bool {
        false
    }

    /// The servers that play a role now, by their own belief. Without a leader of its own, a
    /// protocol with one server has it lead.
    fn in_role(&self, role: Role, servers: Servers<'_, Self>) -> Vec<ServerId> {
        let Role::Leader = role;
        if self.servers() == 1 { servers.live().map(|(id, _)| id).collect() } else { Vec::new() }
    }
}

/// Whether servers agree on what their protocol decides.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Accord {
    /// There is nothing that they would have to agree on, or not yet.
    NothingToAgree,
    /// They agree.
    Kept,
    /// They contradict each other, or themselves; in plain words.
    Broken(String),
}

/// A part that a server plays, for faults that aim at it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// It decides: a leader, a primary, a coordinator.
    Leader,
}

/// Which sequential lock a protocol implements.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Semantics {
    /// Its owner may take it again while he holds it, and frees it with as many releases.
    pub reentrant: bool,
    /// Its grants carry tokens that grow.
    pub fenced: bool,
    /// It renews a lease by itself for as long as its client runs.
    pub renews: bool,
}

/// The servers of a running system, as their own states show them.
#[derive(Debug)]
pub struct Servers<'a, P: Protocol> {
    machines: &'a [Machine<P::Server>],
}

impl<P: Protocol> Clone for Servers<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Protocol> Copy for Servers<'_, P> {}

impl<'a, P: Protocol> Servers<'a, P> {
    /// A view of these machines.
    pub fn new(machines: &'a [Machine<P::Server>]) -> Self {
        Self { machines }
    }

    /// The state of a server; `None` while it is down.
    pub fn get(&self, id: ServerId) -> Option<&'a P::Server> {
        self.machines.get(id.index())?.node()
    }

    /// The servers that are up, with their states.
    pub fn live(&self) -> impl Iterator<Item = (ServerId, &'a P::Server)> + use<'a, P> {
        let up = |(index, machine): (usize, &'a Machine<P::Server>)| {
            Some((ServerId::at(index), machine.node()?))
        };
        self.machines.iter().enumerate().filter_map(up)
    }
}
