//! Histories made by hand, to see monitors hold and break.

use super::monitor::Monitor;
use super::scene::Scene;
use super::verdict::Verdict;
use crate::contract::{
    Ending, Event, HostEvent, LeaseEvent, LockEvent, Observation, StorageEvent, WorkEvent,
};
use crate::id::{ClientId, Incarnation, LockId, NodeId, Owner, ServerId, Token};
use crate::storage::Version;
use crate::time::Time;
use std::time::Duration;

/// A history in the making. Clients 1 to 3 and server 1 start at time zero. Ids are plain
/// numbers; an owner is the present life of the client with that number.
#[derive(Debug)]
pub(super) struct History {
    now: Time,
    lives: [u32; 4],
    seen: Vec<(Time, Observation)>,
}

/// A moment, in milliseconds.
pub(super) fn millis(millis: u64) -> Time {
    Time(millis * 1_000_000)
}

impl History {
    pub(super) fn new() -> Self {
        let mut history = Self { now: Time::ZERO, lives: [0; 4], seen: Vec::new() };
        history = history.host(ServerId(1), HostEvent::Started(Incarnation(1)));
        (1..=3).fold(history, Self::starts)
    }

    /// What follows is seen at this many milliseconds.
    pub(super) fn at(mut self, at: u64) -> Self {
        self.now = millis(at);
        self
    }

    pub(super) fn see(mut self, node: impl Into<NodeId>, event: impl Into<Event>) -> Self {
        let (node, event) = (node.into(), event.into());
        self.seen.push((self.now, Observation { node, event }));
        self
    }

    pub(super) fn owner(&self, client: u32) -> Owner {
        Owner { client: ClientId(client), incarnation: Incarnation(self.lives[client as usize]) }
    }

    pub(super) fn acquires(self, client: u32, lock: u32) -> Self {
        let lock = LockId(lock);
        self.see(ClientId(client), WorkEvent::Acquires { lock })
    }

    pub(super) fn granted(self, client: u32, lock: u32, token: impl Into<Option<u64>>) -> Self {
        let (lock, token) = (LockId(lock), token.into().map(Token));
        self.see(ClientId(client), LockEvent::Granted { lock, token })
    }

    /// Asks, and is granted at once.
    pub(super) fn takes(self, client: u32, lock: u32, token: impl Into<Option<u64>>) -> Self {
        self.acquires(client, lock).granted(client, lock, token)
    }

    pub(super) fn refused(self, client: u32, lock: u32) -> Self {
        let (lock, definite) = (LockId(lock), true);
        self.see(ClientId(client), LockEvent::Refused { lock, definite })
    }

    pub(super) fn lost(self, client: u32, lock: u32) -> Self {
        let lock = LockId(lock);
        self.see(ClientId(client), LockEvent::Lost { lock })
    }

    pub(super) fn releases(self, client: u32, lock: u32) -> Self {
        let lock = LockId(lock);
        self.see(ClientId(client), WorkEvent::Releases { lock })
    }

    pub(super) fn released(self, client: u32, lock: u32, outcome: Ending) -> Self {
        let lock = LockId(lock);
        self.see(ClientId(client), LockEvent::Released { lock, outcome })
    }

    /// The servers' account of a lock lists these clients from now on.
    pub(super) fn owners<const N: usize>(self, lock: u32, clients: [u32; N]) -> Self {
        let owners = clients.map(|client| self.owner(client)).to_vec();
        let lock = LockId(lock);
        self.see(ServerId(1), Event::Owners { lock, owners })
    }

    /// Server 1 gives out a lock, for so many milliseconds or without end.
    pub(super) fn leased(self, lock: u32, client: u32, lease: impl Into<Option<u64>>) -> Self {
        let (lock, owner) = (LockId(lock), self.owner(client));
        let lease = lease.into().map(Duration::from_millis);
        self.see(ServerId(1), LeaseEvent::Granted { lock, owner, lease })
    }

    pub(super) fn renewed(self, lock: u32, client: u32, lease: u64) -> Self {
        let (lock, owner) = (LockId(lock), self.owner(client));
        let lease = Some(Duration::from_millis(lease));
        self.see(ServerId(1), LeaseEvent::Renewed { lock, owner, lease })
    }

    pub(super) fn expired(self, lock: u32, client: u32) -> Self {
        let (lock, owner) = (LockId(lock), self.owner(client));
        self.see(ServerId(1), LeaseEvent::Expired { lock, owner })
    }

    pub(super) fn reads(self, client: u32, lock: u32, token: impl Into<Option<u64>>) -> Self {
        let event = StorageEvent::Read {
            lock: LockId(lock),
            owner: self.owner(client),
            token: token.into().map(Token),
            version: Version(0),
        };
        self.see(NodeId::Storage, event)
    }

    /// A write that comes with a token, from one version to another.
    pub(super) fn writes(
        self,
        client: u32,
        lock: u32,
        token: impl Into<Option<u64>>,
        (based_on, version): (u64, u64),
    ) -> Self {
        let event = StorageEvent::Written {
            lock: LockId(lock),
            owner: self.owner(client),
            token: token.into().map(Token),
            based_on: Version(based_on),
            version: Version(version),
        };
        self.see(NodeId::Storage, event)
    }

    pub(super) fn acknowledged(self, client: u32, lock: u32, version: u64) -> Self {
        let (lock, version) = (LockId(lock), Version(version));
        self.see(ClientId(client), WorkEvent::Acknowledged { lock, version })
    }

    pub(super) fn host(self, node: impl Into<NodeId>, event: HostEvent) -> Self {
        self.see(node, event)
    }

    /// A client begins its next life.
    pub(super) fn starts(mut self, client: u32) -> Self {
        self.lives[client as usize] += 1;
        let incarnation = self.owner(client).incarnation;
        self.host(ClientId(client), HostEvent::Started(incarnation))
    }

    pub(super) fn crashes(self, client: u32) -> Self {
        self.host(ClientId(client), HostEvent::Crashed)
    }

    pub(super) fn pauses(self, client: u32) -> Self {
        self.host(ClientId(client), HostEvent::Paused)
    }

    pub(super) fn resumes(self, client: u32) -> Self {
        self.host(ClientId(client), HostEvent::Resumed)
    }

    pub(super) fn healed(self) -> Self {
        self.host(NodeId::Storage, HostEvent::Healed)
    }

    /// Everything seen, with its times.
    pub(super) fn seen(&self) -> &[(Time, Observation)] {
        &self.seen
    }

    /// What a monitor says of it if the run ends with the last event or when `at` says.
    pub(super) fn judge(&self, mut monitor: impl Monitor) -> Verdict {
        let scene = self.show(&mut monitor);
        let verdict = monitor.verdict(self.now, &scene);
        assert!(!monitor.is_broken() || verdict.is_broken(), "what broke stays broken");
        verdict
    }

    /// Whether a monitor says while it watches, and not only at the end, that it is broken.
    pub(super) fn breaks_on_the_way(&self, mut monitor: impl Monitor) -> bool {
        self.show(&mut monitor);
        monitor.is_broken()
    }

    /// Shows everything to a monitor; this is what is known then.
    fn show(&self, monitor: &mut impl Monitor) -> Scene {
        let mut scene = Scene::default();
        for (at, seen) in &self.seen {
            monitor.observe(*at, seen, &scene);
            scene.observe(*at, seen);
            monitor.settle(*at, seen, &scene);
        }
        scene
    }

    /// The reason of a break, with its time first.
    ///
    /// # Panics
    ///
    /// If it is not broken.
    pub(super) fn break_of(&self, monitor: impl Monitor) -> String {
        match self.judge(monitor) {
            Verdict::Broken { at, reason } => format!("{at}: {reason}"),
            other => panic!("it should be broken, and is {other:?}"),
        }
    }
}

/// Whether the run never put it to the test.
pub(super) fn is_idle(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NotExercised { .. })
}
