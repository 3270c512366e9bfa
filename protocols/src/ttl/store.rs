//! A key table that lives: its leases run out, and its changes go to disk.
//!
//! With a lock delay ([`Settings::lock_delay`]), a lease that ran out leaves a block behind that
//! runs out later. It is written as a key is, so it is as durable, and it runs by the same clock.

use super::keys::{Block, End, Key, Keys, KeysChange};
use super::message::{Answer, Request};
use super::settings::{Persist, Settings};
use crate::contract::{Clock, Disk, EffectList, LeaseEvent, Reading};
use crate::id::LockId;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often a server with [`Persist::EverySecond`] syncs what it wrote.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// The timers of a key table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum StoreTimer {
    /// The lease of this number on a lock ends.
    Expire(LockId, u64),
    /// The block of this number on a lock ends.
    Unblock(LockId, u64),
    /// Sync what was written.
    Flush,
}

/// A key table with its timers and its disk. It stands in the middle of a server of any message,
/// timer and change type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Store {
    expiry: Clock,
    persist: Persist,
    lock_delay: Duration,
    keys: Keys,
    /// Whether a flush is due.
    dirty: bool,
}

impl Store {
    pub(super) fn new(settings: &Settings, disk: &Keys) -> Self {
        Self {
            expiry: settings.expiry,
            persist: settings.persist,
            lock_delay: settings.lock_delay,
            keys: disk.clone(),
            dirty: false,
        }
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Begins with what is on disk: what an earlier life wrote but did not sync becomes durable
    /// before anybody relies on it, and the leases run on.
    pub(super) fn start<M, T: From<StoreTimer>, C>(&mut self, fx: &mut EffectList<M, T, C>) {
        match self.persist {
            Persist::Always => fx.sync(),
            Persist::EverySecond => self.flush_soon(fx),
            Persist::Never => {}
        }
        self.run(fx);
    }

    /// Lets all leases and blocks run, each to its end.
    pub(super) fn run<M, T: From<StoreTimer>, C>(&self, fx: &mut EffectList<M, T, C>) {
        for (timer, end) in self.ends() {
            arm(timer, end, fx);
        }
    }

    /// What runs out, and when.
    fn ends(&self) -> impl Iterator<Item = (StoreTimer, End)> + '_ {
        let leases = self.keys.iter().filter_map(|(lock, key)| lease_end(lock, key));
        leases.chain(self.keys.blocks().map(|(lock, block)| block_end(lock, block)))
    }

    /// What runs out of one lock, and when.
    fn end_of(&self, lock: LockId) -> Option<(StoreTimer, End)> {
        let lease = self.keys.get(lock).and_then(|key| lease_end(lock, key));
        lease.or_else(|| self.keys.block(lock).map(|block| block_end(lock, block)))
    }

    fn flush_soon<M, T: From<StoreTimer>, C>(&mut self, fx: &mut EffectList<M, T, C>) {
        if !self.dirty {
            self.dirty = true;
            fx.arm(StoreTimer::Flush.into(), Clock::Monotonic, FLUSH_EVERY);
        }
    }

    /// Whether this request must know what the wall clock shows: Redis keeps the end of a lease
    /// as a time of day, so that it goes on to mean the same after a restart.
    pub(super) fn needs_reading(&self, request: &Request) -> bool {
        self.expiry == Clock::Wall && self.keys.lease(request).is_some()
    }

    /// Executes a request in one step. `now` is what the wall clock shows, where that is needed.
    /// An observer hears of it at once, for the account has changed with the memory; the client
    /// hears of it when it is durable.
    /// Says what changed, for those who keep a copy.
    pub(super) fn execute<M, T: From<StoreTimer>, C: From<KeysChange>>(
        &mut self,
        request: &Request,
        now: Option<Reading>,
        fx: &mut EffectList<M, T, C>,
    ) -> (Answer, Option<KeysChange>) {
        let end = self.keys.lease(request).map(|lease| match now {
            Some(now) => End::At(now + lease),
            None => End::After(lease),
        });
        let decision = self.keys.decide(request, end);
        if let Some((change, event)) = decision.change {
            fx.notify(event);
            self.apply(change, fx);
        }
        (decision.answer, decision.change.map(|(change, _)| change))
    }

    /// Does what the time has come for; says what changed.
    pub(super) fn fire<M, T: From<StoreTimer>, C: From<KeysChange>>(
        &mut self,
        timer: StoreTimer,
        fx: &mut EffectList<M, T, C>,
    ) -> Option<KeysChange> {
        match timer {
            StoreTimer::Expire(lock, number) => self.expire(lock, number, fx),
            StoreTimer::Unblock(lock, number) => self.unblock(lock, number, fx),
            StoreTimer::Flush => {
                self.flush(fx);
                None
            }
        }
    }

    /// Ends a lease whose time has come. A timer of an earlier lease is stale and does nothing.
    fn expire<M, T: From<StoreTimer>, C: From<KeysChange>>(
        &mut self,
        lock: LockId,
        number: u64,
        fx: &mut EffectList<M, T, C>,
    ) -> Option<KeysChange> {
        let key = self.keys.get(lock).filter(|key| key.number == number)?;
        let owner = key.value.owner;
        let change = self.keys.end_lease(lock, key, self.lock_delay);
        // It is over by the clock, whatever the disk does; with other servers it may already
        // have made the difference while this one syncs.
        fx.notify(LeaseEvent::Expired { lock, owner });
        self.apply(change, fx);
        Some(change)
    }

    /// Lets the next owner in after the lock delay.
    fn unblock<M, T: From<StoreTimer>, C: From<KeysChange>>(
        &mut self,
        lock: LockId,
        number: u64,
        fx: &mut EffectList<M, T, C>,
    ) -> Option<KeysChange> {
        self.keys.block(lock).filter(|block| block.number == number)?;
        let change = KeysChange::Delete(lock);
        self.apply(change, fx);
        Some(change)
    }

    /// Makes one change: in memory, on disk, and of the timer that ends the lease or the block.
    pub(super) fn apply<M, T: From<StoreTimer>, C: From<KeysChange>>(
        &mut self,
        change: KeysChange,
        fx: &mut EffectList<M, T, C>,
    ) {
        if let Some((timer, _)) = self.end_of(change.lock()) {
            fx.disarm(timer.into());
        }
        self.keys.apply(change);
        if let Some((timer, end)) = self.end_of(change.lock()) {
            arm(timer, end, fx);
        }
        self.persist(change.into(), fx);
    }

    /// Puts all keys of another server in the place of these; `record` is what says so on disk.
    pub(super) fn replace<M, T: From<StoreTimer>, C: From<KeysChange>>(
        &mut self,
        keys: Keys,
        record: C,
        fx: &mut EffectList<M, T, C>,
    ) {
        for (timer, _) in self.ends() {
            fx.disarm(timer.into());
        }
        self.keys = keys;
        self.run(fx);
        self.persist(record, fx);
    }

    fn persist<M, T: From<StoreTimer>, C>(&mut self, record: C, fx: &mut EffectList<M, T, C>) {
        match self.persist {
            Persist::Always => {
                fx.write(record);
                fx.sync();
            }
            Persist::EverySecond => {
                fx.write(record);
                self.flush_soon(fx);
            }
            Persist::Never => {}
        }
    }

    /// The second is over: what was written becomes durable.
    fn flush<M, T, C>(&mut self, fx: &mut EffectList<M, T, C>) {
        if self.dirty {
            self.dirty = false;
            fx.sync();
        }
    }
}

fn lease_end(lock: LockId, key: &Key) -> Option<(StoreTimer, End)> {
    Some((StoreTimer::Expire(lock, key.number), key.end?))
}

fn block_end(lock: LockId, block: &Block) -> (StoreTimer, End) {
    (StoreTimer::Unblock(lock, block.number), block.end)
}

fn arm<M, T: From<StoreTimer>, C>(timer: StoreTimer, end: End, fx: &mut EffectList<M, T, C>) {
    match end {
        End::At(reading) => fx.arm_at(timer.into(), Clock::Wall, reading),
        End::After(span) => fx.arm(timer.into(), Clock::Monotonic, span),
    }
}
