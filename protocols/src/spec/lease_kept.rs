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
//! owner who drops out then is only *missing*: it is a break when somebody else owns the lock
//! before he is back, when he is told that it is lost, and when he is still missing at the end,
//! with all servers back for half a lease.

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

/// A drop whose meaning shows later.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Missing {
    owner: Owner,
    since: Time,
    /// Why it is a break, if it turns out that the lock was taken away.
    reason: Option<String>,
}

impl Leases {
    fn gives(&mut self, at: Time, by: NodeId, to: Owner, lease: Option<Duration>) {
        self.longest = self.longest.max(lease.unwrap_or_default());
        let until = lease.map(|lease| at + lease);
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

    /// Why it is a break that an owner who believes in his lock is dropped, if it is one.
    fn judge(&self, at: Time, node: NodeId, lock: LockId, owner: Owner) -> Option<String> {
        let lease = self.locks.get(lock.index());
        let given = lease.and_then(|lease| lease.ended(node, owner));
        let longest = lease.map_or(Duration::ZERO, |lease| lease.longest);
        let Some(until) = given.and_then(|given| given.until) else {
            return Some("which was his without end".to_owned());
        };
        if at < until {
            return Some(format!("though his lease ran until {until}"));
        }
        let alone = self.calm.of(owner.client, at);
        (self.renews && alone >= longest / 2)
            .then(|| format!("though nothing kept him from renewing his lease of {longest:?}"))
    }

    /// The account of a lock changed.
    fn changed(&mut self, at: Time, node: NodeId, lock: LockId, owners: &[Owner], scene: &Scene) {
        let missing = &mut self.locks.at(lock.index()).missing;
        if !missing.is_empty() {
            missing.retain(|missing| !owners.contains(&missing.owner));
            if let Some(other) = owners.first() {
                self.taken(lock, &format!("{other} owned it at {at}"));
            }
        }
        for (owner, _) in scene.owners(lock) {
            let believes = || scene.lives(*owner) && scene.holder(owner.client, lock).is_some();
            if owners.contains(owner) || !believes() {
                continue;
            }
            let reason = self.judge(at, node, lock, *owner);
            if self.calm.a_server_is_down() {
                let (owner, since) = (*owner, at);
                let missing = &mut self.locks.at(lock.index()).missing;
                missing.push(Missing { owner, since, reason });
                if let Some(other) = owners.first() {
                    self.taken(lock, &format!("{other} owned it at {at}"));
                }
            } else if let Some(reason) = reason {
                self.broken.set(
                    at,
                    format!("the servers took {lock} away from {owner} at {at}, {reason}"),
                );
            }
        }
    }

    /// Those who are missing at a lock will not be back.
    fn taken(&mut self, lock: LockId, how: &str) {
        for missing in std::mem::take(&mut self.locks.at(lock.index()).missing) {
            if let Some((at, reason)) = describe(lock, &missing, how) {
                self.broken.set(at, reason);
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
        if leases.missing.iter().any(|missing| missing.owner == life) {
            return self.taken(lock, &format!("it was told so at {at}"));
        }
        let half = leases.longest / 2;
        if self.renews && scene.owns(life, lock) && self.calm.of_all(at) >= half {
            let lease = leases.longest;
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
            let leases = self.locks.at(lock.index());
            leases.gives(at, server, owner, lease);
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

/// The break that a missing owner has become, if nothing excuses it.
fn describe(lock: LockId, missing: &Missing, how: &str) -> Option<(Time, String)> {
    let Missing { owner, since, reason } = missing;
    let reason = reason.as_ref()?;
    let text = format!("the servers took {lock} away from {owner} at {since}, {reason} ({how})");
    Some((*since, text))
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
            if self.calm.servers_up_for(end) >= leases.longest / 2 {
                let how = "it never came back";
                let lock = LockId::at(index);
                let breaks = leases.missing.iter();
                if let Some((at, reason)) = breaks.filter_map(|one| describe(lock, one, how)).next()
                {
                    broken.set(at, reason);
                }
            }
        }
        let idle = (!self.granted).then_some("no client was granted a lock that servers gave out");
        broken.verdict_unless(idle)
    }
}

#[cfg(test)]
mod tests;
