//! What the teller of a story knows so far.

use locklab_protocols::id::{ClientId, Incarnation, LockId, NodeId, Owner, Token};
use locklab_protocols::storage::Version;
use locklab_protocols::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is known of a run so far.
#[derive(Debug, Default)]
pub(super) struct Scene {
    pub(super) clients: BTreeMap<ClientId, Client>,
    pub(super) locks: BTreeMap<LockId, Lock>,
    /// Nodes that stand still, and since when.
    pub(super) paused: BTreeMap<NodeId, Time>,
    /// When each node last went on after a pause.
    pub(super) resumed: BTreeMap<NodeId, Time>,
    /// Nodes that are down, and since when.
    pub(super) down: BTreeMap<NodeId, Time>,
}

/// What is known of a client.
#[derive(Debug, Default)]
pub(super) struct Client {
    pub(super) incarnation: Incarnation,
    /// The section in which it is, or the last one in which it was.
    pub(super) section: Option<usize>,
    pub(super) phase: Phase,
    /// The locks that it wants, each with since when.
    pub(super) waits: BTreeMap<LockId, Time>,
    pub(super) beliefs: BTreeMap<LockId, Belief>,
}

/// Where a client is in its section.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Phase {
    /// In none.
    #[default]
    Outside,
    /// It waits for a lock.
    Waiting,
    /// It has its lock and reads or works.
    Working,
    /// It has checked and is about to write.
    Checked,
    /// Its write is done.
    Written,
}

/// That a client believes to hold a lock.
#[derive(Debug)]
pub(super) struct Belief {
    pub(super) depth: u32,
    pub(super) since: Time,
    pub(super) token: Option<Token>,
}

/// What is known of a lock and the data that it guards.
#[derive(Debug, Default)]
pub(super) struct Lock {
    /// By the servers' account.
    pub(super) owners: Vec<Owner>,
    pub(super) leases: BTreeMap<Owner, Lease>,
    pub(super) newest_grant: Option<(Token, ClientId)>,
    pub(super) newest_use: Option<Token>,
    pub(super) writes: BTreeMap<Version, (Owner, Time)>,
}

/// What the servers gave an owner.
#[derive(Debug, Default)]
pub(super) struct Lease {
    pub(super) length: Option<Duration>,
    pub(super) end: Option<(Time, End)>,
}

/// How the servers' account of an owner ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// By their clocks.
    Expired,
    /// Somebody gave the lock back in his name.
    Released,
    /// They no longer know of it.
    Forgotten,
}

impl Scene {
    pub(super) fn client(&mut self, client: ClientId) -> &mut Client {
        self.clients.entry(client).or_default()
    }

    pub(super) fn lock(&mut self, lock: LockId) -> &mut Lock {
        self.locks.entry(lock).or_default()
    }

    pub(super) fn lease(&mut self, lock: LockId, owner: Owner) -> &mut Lease {
        self.lock(lock).leases.entry(owner).or_default()
    }

    /// The present life of a client.
    pub(super) fn life(&self, client: ClientId) -> Owner {
        match self.clients.get(&client).map(|client| client.incarnation) {
            Some(incarnation) if incarnation.0 > 0 => Owner { client, incarnation },
            _ => Owner::first(client),
        }
    }

    pub(super) fn belief(&self, client: ClientId, lock: LockId) -> Option<&Belief> {
        self.clients.get(&client)?.beliefs.get(&lock)
    }

    /// Whether this life of a client believes that it holds the lock.
    pub(super) fn believes(&self, owner: Owner, lock: LockId) -> bool {
        self.life(owner.client) == owner && self.belief(owner.client, lock).is_some()
    }

    /// The clients but this one that believe to hold the lock.
    pub(super) fn others(&self, client: ClientId, lock: LockId) -> Vec<ClientId> {
        let holds = |(other, state): (&ClientId, &Client)| {
            (*other != client && state.beliefs.contains_key(&lock)).then_some(*other)
        };
        self.clients.iter().filter_map(holds).collect()
    }

    /// The section in which a client is or last was.
    pub(super) fn section(&self, client: ClientId) -> Option<usize> {
        self.clients.get(&client)?.section
    }

    /// The owners of a lock but this one, by the servers' account.
    pub(super) fn other_owners(&self, owner: Owner, lock: LockId) -> Vec<Owner> {
        let owners = self.locks.get(&lock).map_or(&[][..], |lock| &lock.owners);
        owners.iter().copied().filter(|other| *other != owner).collect()
    }
}
