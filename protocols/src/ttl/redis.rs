//! A Redis-like server: a key table behind atomic commands.

#[cfg(test)]
mod tests;

use super::keys::Keys;
use super::message::{Message, Request};
use super::settings::Settings;
use super::store::{Store, StoreTimer};
use crate::prelude::*;
use serde::{Deserialize, Serialize};

/// A single server. What it can do is what Redis can do; the locks differ in their clients.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Redis {
    store: Store,
    /// A request that waits for the reading of the clock, which is the next input.
    asked: Option<(NodeId, Request)>,
    /// How long it stays away after a restart.
    restart_delay: Duration,
    /// Whether it is away: it hears no request.
    away: bool,
}

/// The timers of a server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum RedisTimer {
    /// Of its key table.
    Store(StoreTimer),
    /// It has stayed away for long enough.
    Return,
}

impl From<StoreTimer> for RedisTimer {
    fn from(timer: StoreTimer) -> Self {
        Self::Store(timer)
    }
}

impl Redis {
    pub(super) fn new(settings: &Settings, disk: &Keys) -> Self {
        Self {
            store: Store::new(settings, disk),
            asked: None,
            restart_delay: Duration::ZERO,
            away: false,
        }
    }

    /// The same server, but after a restart it stays away for so long.
    pub(super) fn delayed(self, restart_delay: Duration) -> Self {
        Self { restart_delay, ..self }
    }

    /// The keys of this server.
    pub fn keys(&self) -> &Keys {
        self.store.keys()
    }

    /// Who owns a lock by this server's table.
    pub fn owner(&self, lock: LockId) -> Option<Owner> {
        Some(self.keys().get(lock)?.value.owner)
    }

    fn start(&mut self, incarnation: Incarnation, fx: &mut Effects<Self>) {
        self.store.start(fx);
        if incarnation > Incarnation(1) && self.restart_delay > Duration::ZERO {
            self.away = true;
            fx.arm(RedisTimer::Return, Clock::Monotonic, self.restart_delay);
        }
    }

    fn execute(
        &mut self,
        from: NodeId,
        request: &Request,
        now: Option<Reading>,
        fx: &mut Effects<Self>,
    ) {
        let (answer, _) = self.store.execute(request, now, fx);
        fx.send(from, Message::Reply(request.reply(answer)));
    }
}

impl Node for Redis {
    type Message = Message;
    type Timer = RedisTimer;
    type Disk = Keys;

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(incarnation) => self.start(incarnation, fx),
            Input::Message { from, body: Message::Request(request) } if !self.away => {
                if self.store.needs_reading(&request) {
                    self.asked = Some((from, request));
                    fx.read_clock(Clock::Wall);
                } else {
                    self.execute(from, &request, None, fx);
                }
            }
            Input::Clock(Clock::Wall, now) => {
                if let Some((from, request)) = self.asked.take() {
                    self.execute(from, &request, Some(now), fx);
                }
            }
            Input::Fired(RedisTimer::Store(timer)) => {
                self.store.fire(timer, fx);
            }
            Input::Fired(RedisTimer::Return) => self.away = false,
            _ => {}
        }
    }
}
