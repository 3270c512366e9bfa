//! What an observer knows of a run so far, for all monitors together.
//!
//! Who lives and who does not, who *believes* to hold which lock, who *owns* it by the servers'
//! account, and who waits. A client's belief in a lock is the number of its grants minus the
//! number of times that its application gave it back; it is gone when the client hears that the
//! lock is lost, and when it crashes. A client that stands still goes on believing.
//!
//! A client *waits* for a lock from the moment at which it first asks for it until it is granted
//! it. A refusal after which it asks again does not end the wait. It gives up by asking for
//! another lock after a refusal, by giving back a lock that it had asked for, or by losing one:
//! each ends the section in which it wanted the lock.

#[cfg(test)]
mod tests;

use super::table::Table;
use crate::contract::{Doubt, Event, HostEvent, LockEvent, Observation, WorkEvent};
use crate::id::{ClientId, Incarnation, LockId, NodeId, Owner, ServerId, Token};
use crate::time::Time;
use std::collections::BTreeMap;

/// How a client fares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) enum Fate {
    /// It was never started.
    #[default]
    Unborn,
    /// It runs.
    Runs,
    /// It has stood still since then.
    Paused(Time),
    /// It has been down since then.
    Crashed(Time),
}

/// A lock that a client wants and has not been granted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Wait {
    /// The lock.
    pub(super) lock: LockId,
    /// When it first asked.
    pub(super) since: Time,
    /// Whether an answer is outstanding; else it was refused and will perhaps ask again.
    pub(super) asked: bool,
}

/// What is known of a client.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct ClientScene {
    /// Its newest life.
    pub(super) incarnation: Incarnation,
    /// How it fares.
    pub(super) fate: Fate,
    /// When it last crashed.
    pub(super) crashed: Option<Time>,
    /// What it waits for.
    pub(super) waits: Vec<Wait>,
    /// How many locks it believes to hold.
    pub(super) holds: u32,
}

/// A client that believes to hold a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Holder {
    /// The client.
    pub(super) client: ClientId,
    /// How many times it holds it.
    pub(super) depth: u32,
    /// When it was first granted.
    pub(super) since: Time,
    /// The token of its newest grant.
    pub(super) token: Option<Token>,
    /// Whether it still wanted the lock when it was granted.
    wanted: bool,
}

/// What is known of a lock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct LockScene {
    /// Its owners by the servers' account, sorted, each with when he became one.
    pub(super) owners: Vec<(Owner, Time)>,
    /// Who believes to hold it, in the order of their first grants.
    pub(super) holders: Vec<Holder>,
}

/// What an observer knows of a run so far.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Scene {
    clients: Table<ClientScene>,
    locks: Table<LockScene>,
    /// Which servers are down, and since when.
    down: BTreeMap<ServerId, Time>,
    /// What servers keep until somebody tells them what was decided.
    doubts: BTreeMap<ServerId, Vec<Doubt>>,
}

impl Scene {
    /// Since when a server has been down.
    pub(super) fn down(&self, server: ServerId) -> Option<Time> {
        self.down.get(&server).copied()
    }

    /// The servers that keep a lock until somebody tells them what was decided.
    pub(super) fn doubts(&self, lock: LockId) -> impl Iterator<Item = (ServerId, &Doubt)> {
        let doubts =
            self.doubts.iter().flat_map(|(at, doubts)| doubts.iter().map(|one| (*at, one)));
        doubts.filter(move |(_, doubt)| doubt.lock == lock)
    }

    /// What is known of a client; `None` if it was never heard of.
    pub(super) fn client(&self, client: ClientId) -> Option<&ClientScene> {
        self.clients.get(client.index())
    }

    /// All clients.
    pub(super) fn clients(&self) -> impl Iterator<Item = (ClientId, &ClientScene)> {
        self.clients.iter().map(|(index, client)| (ClientId::at(index), client))
    }

    /// All locks.
    pub(super) fn locks(&self) -> impl Iterator<Item = (LockId, &LockScene)> {
        self.locks.iter().map(|(index, lock)| (LockId::at(index), lock))
    }

    /// Who owns a lock by the servers' account, and since when.
    pub(super) fn owners(&self, lock: LockId) -> &[(Owner, Time)] {
        self.locks.get(lock.index()).map_or(&[], |lock| lock.owners.as_slice())
    }

    /// Whether the servers' account lists an owner.
    pub(super) fn owns(&self, owner: Owner, lock: LockId) -> bool {
        self.owners(lock).iter().any(|(other, _)| *other == owner)
    }

    /// Who believes to hold a lock.
    pub(super) fn holders(&self, lock: LockId) -> &[Holder] {
        self.locks.get(lock.index()).map_or(&[], |lock| lock.holders.as_slice())
    }

    /// A client's belief in a lock.
    pub(super) fn holder(&self, client: ClientId, lock: LockId) -> Option<&Holder> {
        let mut holders = self.holders(lock).iter();
        holders.find(|holder| holder.client == client)
    }

    /// The present life of a client.
    pub(super) fn life(&self, client: ClientId) -> Owner {
        let incarnation =
            self.client(client).map_or_else(Default::default, |client| client.incarnation);
        Owner { client, incarnation }
    }

    /// Whether this life of a client goes on.
    pub(super) fn lives(&self, owner: Owner) -> bool {
        self.client(owner.client).is_some_and(|client| {
            client.incarnation == owner.incarnation
                && matches!(client.fate, Fate::Runs | Fate::Paused(_))
        })
    }

    /// Takes one event in.
    pub(super) fn observe(&mut self, at: Time, seen: &Observation) {
        match (&seen.event, seen.node) {
            (Event::Lock(event), NodeId::Client(client)) => self.told(at, client, *event),
            (Event::Work(event), NodeId::Client(client)) => self.works(at, client, *event),
            (Event::Owners { lock, owners }, _) => {
                let known = &mut self.locks.at(lock.index()).owners;
                known.retain(|(owner, _)| owners.contains(owner));
                for owner in owners {
                    if !known.iter().any(|(other, _)| other == owner) {
                        known.push((*owner, at));
                    }
                }
                known.sort_unstable();
            }
            (Event::Host(event), NodeId::Client(client)) => self.happens(at, client, *event),
            (Event::Doubts(doubts), NodeId::Server(server)) => {
                self.doubts.insert(server, doubts.clone());
            }
            (Event::Host(HostEvent::Crashed), NodeId::Server(server)) => {
                self.down.insert(server, at);
                self.doubts.remove(&server);
            }
            (Event::Host(HostEvent::Started(_)), NodeId::Server(server)) => {
                self.down.remove(&server);
            }
            _ => {}
        }
    }

    fn told(&mut self, at: Time, client: ClientId, event: LockEvent) {
        match event {
            LockEvent::Granted { lock, token } => self.granted(at, client, lock, token),
            LockEvent::Refused { lock, .. } => {
                let waits = &mut self.clients.at(client.index()).waits;
                if let Some(wait) = waits.iter_mut().find(|wait| wait.lock == lock) {
                    wait.asked = false;
                }
            }
            LockEvent::Lost { lock } => {
                let holders = &mut self.locks.at(lock.index()).holders;
                let before = holders.len();
                holders.retain(|holder| holder.client != client);
                if holders.len() < before {
                    let client = self.clients.at(client.index());
                    client.holds -= 1;
                    client.waits.clear();
                }
            }
            LockEvent::Released { .. } => {}
        }
    }

    fn granted(&mut self, at: Time, client: ClientId, lock: LockId, token: Option<Token>) {
        let scene = self.clients.at(client.index());
        let wait = scene.waits.iter().position(|wait| wait.lock == lock);
        if let Some(position) = wait {
            scene.waits.remove(position);
        }
        let holders = &mut self.locks.at(lock.index()).holders;
        match holders.iter_mut().find(|holder| holder.client == client) {
            Some(holder) => {
                holder.depth += 1;
                holder.token = token;
            }
            None => {
                scene.holds += 1;
                holders.push(Holder { client, depth: 1, since: at, token, wanted: wait.is_some() });
            }
        }
    }

    fn works(&mut self, at: Time, client: ClientId, event: WorkEvent) {
        match event {
            WorkEvent::Acquires { lock } => {
                let waits = &mut self.clients.at(client.index()).waits;
                match waits.iter_mut().find(|wait| wait.lock == lock) {
                    Some(wait) => wait.asked = true,
                    None => {
                        waits.retain(|wait| wait.asked);
                        waits.push(Wait { lock, since: at, asked: true });
                    }
                }
            }
            WorkEvent::Releases { lock } => {
                let holders = &mut self.locks.at(lock.index()).holders;
                let position = holders.iter().position(|holder| holder.client == client);
                let Some(position) = position else { return };
                let scene = self.clients.at(client.index());
                let holder = &mut holders[position];
                holder.depth -= 1;
                if holder.wanted {
                    scene.waits.clear();
                }
                if holder.depth == 0 {
                    holders.remove(position);
                    scene.holds -= 1;
                }
            }
            WorkEvent::Checked { .. } | WorkEvent::Acknowledged { .. } => {}
        }
    }

    fn happens(&mut self, at: Time, client: ClientId, event: HostEvent) {
        let scene = self.clients.at(client.index());
        match event {
            HostEvent::Started(incarnation) => {
                scene.incarnation = incarnation;
                scene.fate = Fate::Runs;
            }
            HostEvent::Crashed => {
                scene.fate = Fate::Crashed(at);
                scene.crashed = Some(at);
                scene.waits.clear();
                if scene.holds > 0 {
                    scene.holds = 0;
                    for lock in self.locks.iter_mut() {
                        lock.holders.retain(|holder| holder.client != client);
                    }
                }
            }
            HostEvent::Paused if scene.fate == Fate::Runs => scene.fate = Fate::Paused(at),
            HostEvent::Resumed if matches!(scene.fate, Fate::Paused(_)) => {
                scene.fate = Fate::Runs;
            }
            _ => {}
        }
    }
}
