//! `lease-kept`: a lease that its owner renews in time is not taken away.
//!
//! Two ways to break it:
//!
//! 1. The servers' account drops an owner who still believes that he holds the lock. Nothing
//!    excuses that before his lease is over, nor for a lock that is given out without end. When
//!    the lease is over, an owner is to blame himself if his lock does not renew, or if he was in
//!    trouble (paused, or touched by a fault) in the last half of the lease: each lock that renews
//!    does so at a third of its lease or so, and in half a lease left alone it had its chance.
//! 2. A lock that renews gives up (its client says that it is lost) while the servers' account
//!    still lists it, although *nothing* was in trouble anywhere for half a lease.
//!
//! While a server is down, the account of the live servers may miss what is safe on a disk. An
//! owner who drops out then, before his lease is over, is only *missing*. It turns into a break if
//! before the end of his lease somebody else owns the lock, or his client says that it is lost
//! (with more than a quarter of the lease to go, so that it cannot be the client's own caution),
//! or all servers have been back for half a lease and still do not list him.
//!
//! A server reports a lease when its disk has it, which may be a little later than it began. So
//! the last hundredth of a lease does not count, and a lease that is reported by a server in
//! trouble counts from when that trouble began.

mod calm;

use self::calm::Calm;
use super::monitor::{FirstBreak, Monitor};
use super::scene::Scene;
use super::table::Table;
use super::verdict::Verdict;
use crate::contract::{Event, HostEvent, LeaseEvent, LockEvent, Observation, WorkEvent};
use crate::id::{ClientId, LockId, NodeId, Owner};
use crate::time::Time;
use std::time::Duration;

/// Watches `lease-kept`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct LeaseKept {
    broken: FirstBreak,
    renews: bool,
    calm: Calm,
    locks: Table<Leases>,
    /// Whether a client was granted a lock that a server had given out to it.
    granted: bool,
}

/// The leases of one lock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Leases {
    /// The longest that was given.
    longest: Duration,
    /// What each server gave out last.
    given: Vec<Given>,
    /// Who dropped out of the account while a server was down.
    missing: Vec<Missing>,
}

/// A lease that a server gave.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Given {
    by: NodeId,
    to: Owner,
    /// When it is over by true time; `None` for a lock without end.
    until: Option<Time>,
}

/// An owner who dropped out before his lease was over, while a server was down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Missing {
    owner: Owner,
    since: Time,
    /// When his lease is over; `None` for a lock without end.
    until: Option<Time>,
}

impl Missing {
    /// The break that this is if something shows that the lock was gone by a moment, which counts
    /// if it is so much earlier than the end of the lease.
    fn taken(&self, lock: LockId, at: Time, margin: Duration, how: &str) -> Option<(Time, String)> {
        let Self { owner, since, until } = *self;
        is_early(until, at, margin).then(|| {
            let why = why_too_early(until);
            let reason = format!("the servers took {lock} away from {owner} at {since}, {why}");
            (since, format!("{reason} ({how} at {at})"))
        })
    }
}

fn is_early(until: Option<Time>, at: Time, margin: Duration) -> bool {
    until.is_none_or(|until| at + margin < until)
}

fn why_too_early(until: Option<Time>) -> String {
    until.map_or_else(
        || "which was his without end".to_owned(),
        |until| format!("though his lease ran until {until}"),
    )
}

impl Leases {
    /// How much of the end of a lease does not count: reports wait for the disk.
    fn margin(&self) -> Duration {
        self.longest / 100
    }

    /// A server gave or prolonged a lease that began at that moment.
    fn gives(&mut self, began: Time, by: NodeId, to: Owner, lease: Option<Duration>) {
        self.longest = self.longest.max(lease.unwrap_or_default());
        let until = lease.map(|lease| began + lease);
        let given = Given { by, to, until };
        match self.given.iter_mut().find(|given| given.by == by) {
            Some(known) => *known = given,
            None => {
                self.given.push(given);
                self.given.sort_unstable();
            }
        }
    }

    /// The lease of an owner that ended with his place in the account: that of the server where
    /// the account changed, or else the one that ends first.
    fn ended(&self, at: NodeId, owner: Owner) -> Option<&Given> {
        let his = || self.given.iter().filter(|given| given.to == owner);
        let here = his().find(|given| given.by == at);
        here.or_else(|| his().min_by_key(|given| given.until.unwrap_or(Time(u64::MAX))))
    }
}

impl LeaseKept {
    /// For a lock that renews its leases by itself, or for one that does not.
    pub(super) fn new(renews: bool) -> Self {
        Self {
            broken: FirstBreak::default(),
            renews,
            calm: Calm::default(),
            locks: Table::default(),
            granted: false,
        }
    }

    /// The servers' account drops an owner who believes in his lock.
    fn dropped(&mut self, at: Time, node: NodeId, lock: LockId, owner: Owner) {
        let leases = self.locks.at(lock.index());
        let until = leases.ended(node, owner).and_then(|given| given.until);
        let too_early = is_early(until, at, leases.margin());
        if too_early && self.calm.a_server_is_down() {
            let since = at;
            leases.missing.push(Missing { owner, since, until });
            return;
        }
        let why = if too_early {
            why_too_early(until)
        } else if self.renews && self.calm.of(owner.client, at) >= leases.longest / 2 {
            let lease = leases.longest;
            format!("though nothing kept him from renewing his lease of {lease:?}")
        } else {
            return;
        };
        let reason = format!("the servers took {lock} away from {owner} at {at}, {why}");
        self.broken.set(at, reason);
    }

    /// The account of a lock changed.
    fn changed(&mut self, at: Time, node: NodeId, lock: LockId, owners: &[Owner], scene: &Scene) {
        for (owner, _) in scene.owners(lock) {
            let believes = || scene.lives(*owner) && scene.holder(owner.client, lock).is_some();
            if !owners.contains(owner) && believes() {
                self.dropped(at, node, lock, *owner);
            }
        }
        let missing = &mut self.locks.at(lock.index()).missing;
        if missing.is_empty() {
            return;
        }
        missing.retain(|missing| !owners.contains(&missing.owner));
        if let Some(other) = owners.first() {
            self.taken(lock, at, &format!("{other} owned it"));
        }
    }

    /// Those who are missing at a lock will not be back.
    fn taken(&mut self, lock: LockId, at: Time, how: &str) {
        let leases = self.locks.at(lock.index());
        let margin = leases.margin();
        for missing in std::mem::take(&mut leases.missing) {
            if let Some((since, reason)) = missing.taken(lock, at, margin, how) {
                self.broken.set(since, reason);
            }
        }
    }

    /// A client says that its lock is lost.
    fn lost(&mut self, at: Time, client: ClientId, lock: LockId, scene: &Scene) {
        if scene.holder(client, lock).is_none() {
            return;
        }
        let life = scene.life(client);
        let leases = self.locks.at(lock.index());
        let lease = leases.longest;
        let mut missing = leases.missing.iter();
        if let Some(missing) = missing.find(|missing| missing.owner == life).copied() {
            self.ends(client, lock);
            if let Some((since, reason)) = missing.taken(lock, at, lease / 4, "he lost it") {
                self.broken.set(since, reason);
            }
        } else if self.renews && scene.owns(life, lock) && self.calm.of_all(at) >= lease / 2 {
            self.broken.set(
                at,
                format!(
                    "{client} lost {lock} at {at}, though nothing anywhere kept it from renewing \
                     its lease of {lease:?}"
                ),
            );
        }
    }

    fn leased(&mut self, at: Time, server: NodeId, event: LeaseEvent) {
        if let LeaseEvent::Granted { lock, owner, lease }
        | LeaseEvent::Renewed { lock, owner, lease } = event
        {
            let began = self.calm.in_trouble_since(server).unwrap_or(at);
            let leases = self.locks.at(lock.index());
            leases.gives(began, server, owner, lease);
        }
    }

    /// An owner who relies on his lock no more cannot miss it.
    fn ends(&mut self, client: ClientId, lock: LockId) {
        let missing = &mut self.locks.at(lock.index()).missing;
        missing.retain(|missing| missing.owner.client != client);
    }

    fn granted(&mut self, client: ClientId, lock: LockId, scene: &Scene) {
        if !self.granted {
            let life = scene.life(client);
            let leases = self.locks.at(lock.index());
            self.granted = leases.given.iter().any(|given| given.to == life);
        }
    }
}

impl Monitor for LeaseKept {
    fn observe(&mut self, at: Time, seen: &Observation, scene: &Scene) {
        match (&seen.event, seen.node) {
            (Event::Lease(event), server) => self.leased(at, server, *event),
            (Event::Owners { lock, owners }, node) => {
                self.changed(at, node, *lock, owners, scene);
            }
            (Event::Lock(LockEvent::Granted { lock, .. }), NodeId::Client(client)) => {
                self.granted(client, *lock, scene);
            }
            (Event::Lock(LockEvent::Lost { lock }), NodeId::Client(client)) => {
                self.lost(at, client, *lock, scene);
            }
            (Event::Work(WorkEvent::Releases { lock }), NodeId::Client(client)) => {
                self.ends(client, *lock);
            }
            (Event::Host(event), node) => {
                self.calm.observe(at, node, *event);
                if let (HostEvent::Crashed, NodeId::Client(client)) = (event, node) {
                    for leases in self.locks.iter_mut() {
                        let missing = &mut leases.missing;
                        missing.retain(|missing| missing.owner.client != client);
                    }
                }
            }
            _ => {}
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_set()
    }

    fn verdict(&self, end: Time, _: &Scene) -> Verdict {
        let mut broken = self.broken.clone();
        for (index, leases) in self.locks.iter() {
            let settled = self.calm.servers_up_since().map(|up| up + leases.longest / 2);
            if let Some(settled) = settled.filter(|settled| *settled <= end) {
                let how = "he was still not listed";
                let breaks = leases.missing.iter();
                let mut breaks = breaks
                    .filter_map(|one| one.taken(LockId::at(index), settled, leases.margin(), how));
                if let Some((since, reason)) = breaks.next() {
                    broken.set(since, reason);
                }
            }
        }
        let idle = (!self.granted).then_some("no client was granted a lock that servers gave out");
        broken.verdict_unless(idle)
    }
}

#[cfg(test)]
mod tests;
