//! One critical section after the other.

#[cfg(test)]
mod tests;

use super::workload::{LockOrder, Workload};
use crate::contract::{Clock, Command, EffectList, Input, LockEvent, LockSet, Never, WorkEvent};
use crate::id::{ClientId, Incarnation, LockId, NodeId, Owner, Token};
use crate::storage::{Operation, Reply, Request, StorageMessage, Version};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The timers of an application, all on its monotonic clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum AppTimer {
    /// Begin the next section, or ask again after a refusal.
    Begin,
    /// The work between read and write is done.
    Worked,
    /// Write, right after the check.
    Write,
    /// No answer from the storage: repeat the request.
    Repeat,
}

/// A lock that the section has been granted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Held {
    lock: LockId,
    token: Option<Token>,
    read: Version,
    /// False once the client said that the lock is lost.
    believed: bool,
}

/// Where an application is in its section.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Phase {
    /// Between two sections, or before another try.
    Thinking,
    /// Waits for the next lock that it wants.
    Acquiring,
    /// Waits for the storage's answer to the read of the held lock at this position.
    Reading(usize),
    /// Works.
    Working,
    /// Has checked; the write is the very next thing.
    Committed,
    /// Waits for the storage's answer to the write of the held lock at this position.
    Writing(usize),
    /// Gives its locks back, one after the other.
    Releasing,
    /// Has done all its sections.
    Finished,
}

/// The application in a client's process.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Application {
    workload: Arc<Workload>,
    /// Whether the protocol takes sets of locks.
    takes_sets: bool,
    me: Owner,
    phase: Phase,
    wanted: Vec<LockId>,
    held: Vec<Held>,
    /// How many times the lock at hand has been granted in this section.
    depth: u32,
    sections: u32,
    request: Option<Request>,
    requests: u64,
}

/// The effects of an application; it has no disk.
pub type AppEffects = EffectList<StorageMessage, AppTimer, Never>;

/// The inputs of an application.
pub type AppInput = Input<StorageMessage, AppTimer>;

/// What an application leaves behind after a step.
#[derive(Default, Debug)]
pub struct AppOutput {
    /// Messages to the storage, timers, events.
    pub effects: AppEffects,
    /// What it wants of its client, in order.
    pub commands: Vec<Command>,
}

impl Application {
    /// The application of a client.
    pub fn new(client: ClientId, workload: Arc<Workload>, takes_sets: bool) -> Self {
        Self {
            workload,
            takes_sets,
            me: Owner::first(client),
            phase: Phase::Thinking,
            wanted: Vec::new(),
            held: Vec::new(),
            depth: 0,
            sections: 0,
            request: None,
            requests: 0,
        }
    }

    /// Takes one input.
    pub fn step(&mut self, input: AppInput, out: &mut AppOutput) {
        match input {
            Input::Started(incarnation) => self.start(incarnation, out),
            Input::Fired(AppTimer::Begin) if self.phase == Phase::Thinking => self.want(out),
            Input::Fired(AppTimer::Worked) if self.phase == Phase::Working => self.check(out),
            Input::Fired(AppTimer::Write) if self.phase == Phase::Committed => {
                self.ask_storage(Phase::Writing(0), out);
            }
            Input::Fired(AppTimer::Repeat) => self.repeat(out),
            Input::Message { body: StorageMessage::Reply { number, reply }, .. }
                if self.request.is_some_and(|request| request.number == number) =>
            {
                self.answered(reply, out);
            }
            Input::Drawn(draw) if self.phase == Phase::Thinking => self.drawn(draw, out),
            _ => {}
        }
    }

    /// Hears from its client.
    pub fn hear(&mut self, event: LockEvent, out: &mut AppOutput) {
        match event {
            LockEvent::Granted { lock, token } => self.granted(lock, token, out),
            LockEvent::Refused { .. } if self.phase == Phase::Acquiring => {
                self.phase = Phase::Thinking;
                out.effects.arm(AppTimer::Begin, Clock::Monotonic, self.workload.retry);
            }
            LockEvent::Refused { .. } => {}
            LockEvent::Lost { lock } => self.lost(lock, out),
            LockEvent::Released { .. } if self.phase == Phase::Releasing => self.release(out),
            LockEvent::Released { .. } => {}
        }
    }

    fn start(&mut self, incarnation: Incarnation, out: &mut AppOutput) {
        self.me.incarnation = incarnation;
        self.think(out);
    }

    fn think(&mut self, out: &mut AppOutput) {
        self.wanted.clear();
        self.held.clear();
        self.depth = 0;
        self.request = None;
        if self.workload.sections == Some(self.sections) {
            self.phase = Phase::Finished;
        } else {
            self.phase = Phase::Thinking;
            out.effects.arm(AppTimer::Begin, Clock::Monotonic, self.workload.think);
        }
    }

    fn locks_at_once(&self) -> usize {
        self.workload.locks_at_once.clamp(1, self.workload.locks) as usize
    }

    /// Decides which locks to take, one draw for each where there is a choice.
    fn want(&mut self, out: &mut AppOutput) {
        if self.wanted.len() == self.locks_at_once() {
            self.acquire(out);
        } else if self.workload.locks == 1 {
            self.wanted.push(LockId(1));
            self.acquire(out);
        } else {
            out.effects.draw(self.workload.choice.draws(self.workload.locks));
        }
    }

    fn drawn(&mut self, draw: u32, out: &mut AppOutput) {
        let locks = self.workload.locks;
        let mut lock = self.workload.choice.pick(locks, draw);
        while self.wanted.contains(&lock) {
            lock = LockId(lock.0 % locks + 1);
        }
        self.wanted.push(lock);
        if self.wanted.len() == self.locks_at_once() && self.workload.order != LockOrder::Own {
            self.wanted.sort_unstable();
        }
        self.want(out);
    }

    /// Asks for the next lock, or reads when it has them all.
    fn acquire(&mut self, out: &mut AppOutput) {
        let missing = self.wanted.iter().find(|lock| !self.holds_in_full(**lock));
        let Some(lock) = missing.copied() else {
            self.ask_storage(Phase::Reading(0), out);
            return;
        };
        let locks = if self.takes_sets && self.workload.order == LockOrder::Set {
            if self.phase == Phase::Acquiring {
                // The rest of the set is on its way: it is granted whole.
                return;
            }
            let missing = self.wanted.iter().filter(|lock| !self.holds_in_full(**lock));
            missing.copied().collect()
        } else {
            LockSet::from(lock)
        };
        self.phase = Phase::Acquiring;
        for lock in locks.iter() {
            out.effects.notify(WorkEvent::Acquires { lock });
        }
        out.commands.push(Command::Acquire { locks });
    }

    fn holds_in_full(&self, lock: LockId) -> bool {
        match self.held.iter().position(|held| held.lock == lock) {
            None => false,
            Some(position) if position + 1 == self.held.len() => self.depth == self.full_depth(),
            Some(_) => true,
        }
    }

    /// Sets are taken once.
    fn full_depth(&self) -> u32 {
        if self.takes_sets && self.workload.order == LockOrder::Set {
            1
        } else {
            self.workload.depth.max(1)
        }
    }

    fn granted(&mut self, lock: LockId, token: Option<Token>, out: &mut AppOutput) {
        let asked = self.phase == Phase::Acquiring
            && self.wanted.contains(&lock)
            && !self.holds_in_full(lock);
        if !asked {
            // A grant that nobody waits for any more goes straight back.
            self.give_back(lock, out);
            return;
        }
        match self.held.iter_mut().find(|held| held.lock == lock) {
            Some(held) => {
                held.token = token;
                self.depth += 1;
            }
            None => {
                let read = Version::default();
                self.held.push(Held { lock, token, read, believed: true });
                self.depth = 1;
            }
        }
        self.acquire(out);
    }

    fn lost(&mut self, lock: LockId, out: &mut AppOutput) {
        let Some(held) = self.held.iter_mut().find(|held| held.lock == lock) else {
            return;
        };
        held.believed = false;
        match self.phase {
            // The write is already decided on; nobody looks again before it goes out.
            Phase::Committed | Phase::Releasing | Phase::Finished => {}
            // Who still waits for another lock is owed an answer; what it grants goes back.
            Phase::Thinking
            | Phase::Acquiring
            | Phase::Reading(_)
            | Phase::Working
            | Phase::Writing(_) => self.stop(out),
        }
    }

    /// Checks that it holds its locks and decides to write. A lock that is lost has ended the
    /// section before it came here.
    fn check(&mut self, out: &mut AppOutput) {
        for held in &self.held {
            out.effects.notify(WorkEvent::Checked { lock: held.lock });
        }
        self.phase = Phase::Committed;
        out.effects.arm(AppTimer::Write, Clock::Monotonic, std::time::Duration::ZERO);
    }

    fn ask_storage(&mut self, phase: Phase, out: &mut AppOutput) {
        self.phase = phase;
        let (Phase::Reading(position) | Phase::Writing(position)) = phase else {
            return;
        };
        let held = self.held[position];
        let operation = match phase {
            Phase::Writing(_) => Operation::Write { based_on: held.read },
            _ => Operation::Read,
        };
        self.requests += 1;
        let (owner, number) = (self.me, self.requests);
        let request = Request { owner, number, lock: held.lock, token: held.token, operation };
        self.request = Some(request);
        self.repeat(out);
    }

    fn repeat(&mut self, out: &mut AppOutput) {
        let Some(request) = self.request else { return };
        out.effects.send(NodeId::Storage, StorageMessage::Request(request));
        out.effects.arm(AppTimer::Repeat, Clock::Monotonic, self.workload.storage_timeout);
    }

    fn answered(&mut self, reply: Reply, out: &mut AppOutput) {
        self.request = None;
        out.effects.disarm(AppTimer::Repeat);
        let last = self.held.len().saturating_sub(1);
        match (self.phase, reply) {
            (Phase::Reading(position), Reply::Value(version)) => {
                self.held[position].read = version;
                if position < last {
                    self.ask_storage(Phase::Reading(position + 1), out);
                } else {
                    self.phase = Phase::Working;
                    out.effects.arm(AppTimer::Worked, Clock::Monotonic, self.workload.hold);
                }
            }
            (Phase::Writing(position), Reply::Written(version)) => {
                let lock = self.held[position].lock;
                out.effects.notify(WorkEvent::Acknowledged { lock, version });
                if position < last {
                    self.ask_storage(Phase::Writing(position + 1), out);
                } else {
                    self.stop(out);
                }
            }
            // A stale token: somebody else has the lock by now.
            _ => self.stop(out),
        }
    }

    /// Ends the section: no more work, and every lock goes back.
    fn stop(&mut self, out: &mut AppOutput) {
        self.request = None;
        out.effects.disarm(AppTimer::Repeat);
        out.effects.disarm(AppTimer::Worked);
        self.phase = Phase::Releasing;
        self.release(out);
    }

    /// Gives back the lock that it took last, as often as it took it, then the one before.
    fn release(&mut self, out: &mut AppOutput) {
        while let Some(held) = self.held.last().copied() {
            if held.believed && self.depth > 0 {
                self.depth -= 1;
                self.give_back(held.lock, out);
                return;
            }
            self.held.pop();
            self.depth = self.full_depth();
        }
        self.sections += 1;
        self.think(out);
    }

    fn give_back(&mut self, lock: LockId, out: &mut AppOutput) {
        out.effects.notify(WorkEvent::Releases { lock });
        out.commands.push(Command::Release { lock });
    }
}
