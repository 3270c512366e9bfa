//! A server that is the primary or its replica.

#[cfg(test)]
mod tests;

use super::client::other;
use super::{
    Answer, Message, ReplicaChange, ReplicaDisk, ReplicatedMessage, Reply, Request, Stream,
    TtlReplicated,
};
use crate::prelude::*;
use crate::ttl::keys::{Keys, KeysChange};
use crate::ttl::store::{Store, StoreTimer};
use serde::{Deserialize, Serialize};

/// The timers of a server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ReplicaTimer {
    /// Of its key table.
    Store(StoreTimer),
    /// Primary: say that it lives.
    Ping,
    /// Replica: nothing was heard of the primary since the word of this number.
    Failover(u64),
    /// Primary: the change of this number is not acknowledged in time.
    Wait(u64),
}

impl From<StoreTimer> for ReplicaTimer {
    fn from(timer: StoreTimer) -> Self {
        Self::Store(timer)
    }
}

/// An answer that waits for the replica.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Waiter {
    offset: u64,
    client: NodeId,
    reply: Reply,
}

/// What a server does by its role.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Part {
    Primary {
        /// Up to which change the replica has everything.
        acknowledged: u64,
        waiters: Vec<Waiter>,
    },
    Replica {
        /// Whose changes its copy is made of; `None` before the first copy.
        stream: Option<Stream>,
        /// How many words of the primary it has heard.
        heard: u64,
    },
}

/// A server of [`TtlReplicated`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Replica {
    setting: TtlReplicated,
    id: ServerId,
    life: Incarnation,
    epoch: u64,
    /// The number of the last change.
    offset: u64,
    part: Part,
    store: Store,
    /// A request that waits for the reading of the clock, which is the next input.
    asked: Option<(NodeId, Request)>,
}

type Fx = Effects<Replica>;

const NEW_REPLICA: Part = Part::Replica { stream: None, heard: 0 };

const NEW_PRIMARY: Part = Part::Primary { acknowledged: 0, waiters: Vec::new() };

impl Replica {
    pub(super) fn new(setting: &TtlReplicated, id: ServerId, disk: &ReplicaDisk) -> Self {
        let (epoch, primary) = disk.role.unwrap_or((1, id == ServerId(1)));
        Self {
            setting: *setting,
            id,
            life: Incarnation::default(),
            epoch,
            offset: 0,
            part: if primary { NEW_PRIMARY } else { NEW_REPLICA },
            store: Store::new(&setting.settings, &disk.keys),
            asked: None,
        }
    }

    /// Whether it believes to be the primary.
    pub fn is_primary(&self) -> bool {
        matches!(self.part, Part::Primary { .. })
    }

    /// Its epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Its keys; those of a replica count for nothing until it is promoted.
    pub fn keys(&self) -> &Keys {
        self.store.keys()
    }

    /// Its own stream of changes.
    fn stream(&self) -> Stream {
        Stream { epoch: self.epoch, life: self.life }
    }

    fn tell_other(&self, body: ReplicatedMessage, fx: &mut Fx) {
        fx.send(other(self.id), body);
    }

    fn start(&mut self, life: Incarnation, fx: &mut Fx) {
        self.life = life;
        // Its role counts as much as its keys, whatever is made durable of those.
        fx.sync();
        self.store.start(fx);
        self.begin(fx);
    }

    /// Begins to play its part.
    fn begin(&mut self, fx: &mut Fx) {
        match self.part {
            Part::Primary { .. } => self.ping(fx),
            Part::Replica { heard, .. } => {
                let timer = ReplicaTimer::Failover(heard);
                fx.arm(timer, Clock::Monotonic, self.setting.failover_timeout);
                let epoch = self.epoch;
                self.tell_other(ReplicatedMessage::Missing { epoch }, fx);
            }
        }
    }

    fn ping(&self, fx: &mut Fx) {
        self.replicate(None, fx);
        fx.arm(ReplicaTimer::Ping, Clock::Monotonic, self.setting.ping_every);
    }

    fn replicate(&self, change: Option<KeysChange>, fx: &mut Fx) {
        let stream = self.stream();
        let offset = self.offset;
        let change = ReplicatedMessage::Change { stream, offset, change };
        self.tell_other(change, fx);
    }

    /// Takes another role; the locks that it has a say in change with it.
    fn play(&mut self, epoch: u64, part: Part, fx: &mut Fx) {
        self.epoch = epoch;
        self.part = part;
        self.offset = 0;
        self.asked = None;
        let primary = self.is_primary();
        for (lock, _) in self.store.keys().iter() {
            fx.notify(LeaseEvent::Replaced { lock });
        }
        fx.write(ReplicaChange::Role { epoch, primary });
        fx.sync();
        self.begin(fx);
    }

    /// Nothing heard for too long. What has run out meanwhile runs out now, by its own clock.
    fn promote(&mut self, fx: &mut Fx) {
        self.play(self.epoch + 1, NEW_PRIMARY, fx);
        self.store.run(fx);
    }

    /// Another server has a higher epoch.
    fn demote(&mut self, epoch: u64, fx: &mut Fx) {
        if let Part::Primary { waiters, .. } = &self.part {
            for waiter in waiters {
                answer(waiter.client, &waiter.reply, Answer::ReadOnly, fx);
            }
        }
        fx.disarm(ReplicaTimer::Ping);
        self.play(epoch, NEW_REPLICA, fx);
    }

    /// Whether the sender of a message of this epoch is of the same one, after a change of role
    /// if his is higher, or a word to him if it is lower.
    fn same_epoch(&mut self, epoch: u64, fx: &mut Fx) -> bool {
        if epoch > self.epoch {
            self.demote(epoch, fx);
        } else if epoch < self.epoch && self.is_primary() {
            self.replicate(None, fx);
        }
        epoch == self.epoch
    }

    fn request(&mut self, from: NodeId, request: &Request, fx: &mut Fx) {
        if !self.is_primary() {
            let reply = request.reply(Answer::ReadOnly);
            fx.send(from, ReplicatedMessage::Client(Message::Reply(reply)));
        } else if self.store.needs_reading(request) {
            self.asked = Some((from, *request));
            fx.read_clock(Clock::Wall);
        } else {
            self.execute(from, request, None, fx);
        }
    }

    fn execute(&mut self, from: NodeId, request: &Request, now: Option<Reading>, fx: &mut Fx) {
        let (answer, change) = self.store.execute(request, now, fx);
        self.changed(change, fx);
        let reply = request.reply(answer);
        let offset = self.offset;
        let granted = matches!(answer, Answer::Taken { .. });
        match &mut self.part {
            Part::Primary { acknowledged, waiters }
                if self.setting.wait_for_replica && granted && *acknowledged < offset =>
            {
                let client = from;
                waiters.push(Waiter { offset, client, reply });
                let timer = ReplicaTimer::Wait(offset);
                fx.arm(timer, Clock::Monotonic, self.setting.wait_timeout);
            }
            _ => fx.send(from, ReplicatedMessage::Client(Message::Reply(reply))),
        }
    }

    fn changed(&mut self, change: Option<KeysChange>, fx: &mut Fx) {
        if change.is_some() {
            self.offset += 1;
            self.replicate(change, fx);
        }
    }

    fn acknowledge(&mut self, offset: u64, fx: &mut Fx) {
        let Part::Primary { acknowledged, waiters } = &mut self.part else {
            return;
        };
        *acknowledged = offset.max(*acknowledged);
        waiters.retain(|waiter| {
            let waits = waiter.offset > offset;
            if !waits {
                fx.disarm(ReplicaTimer::Wait(waiter.offset));
                answer(waiter.client, &waiter.reply, waiter.reply.answer, fx);
            }
            waits
        });
    }

    fn waited(&mut self, offset: u64, fx: &mut Fx) {
        let Part::Primary { waiters, .. } = &mut self.part else {
            return;
        };
        waiters.retain(|waiter| {
            let waits = waiter.offset != offset;
            if !waits {
                answer(waiter.client, &waiter.reply, Answer::NoReplicas, fx);
            }
            waits
        });
    }

    /// Hears from its primary; says whether its copy is of that stream.
    fn hear_primary(&mut self, theirs: Stream, fx: &mut Fx) -> bool {
        if !self.same_epoch(theirs.epoch, fx) {
            return false;
        }
        let Part::Replica { stream, heard } = &mut self.part else {
            return false;
        };
        fx.disarm(ReplicaTimer::Failover(*heard));
        *heard += 1;
        let timer = ReplicaTimer::Failover(*heard);
        fx.arm(timer, Clock::Monotonic, self.setting.failover_timeout);
        *stream == Some(theirs)
    }

    fn follow(&mut self, theirs: Stream, offset: u64, change: Option<KeysChange>, fx: &mut Fx) {
        let known = self.hear_primary(theirs, fx);
        if self.is_primary() || theirs.epoch != self.epoch {
            return;
        }
        match change {
            Some(change) if known && offset == self.offset + 1 => {
                self.store.apply(change, fx);
                self.offset = offset;
            }
            _ if known && offset <= self.offset => {}
            _ => {
                let epoch = self.epoch;
                self.tell_other(ReplicatedMessage::Missing { epoch }, fx);
                return;
            }
        }
        self.confirm(theirs, fx);
    }

    fn confirm(&self, stream: Stream, fx: &mut Fx) {
        let offset = self.offset;
        self.tell_other(ReplicatedMessage::Acknowledged { stream, offset }, fx);
    }

    fn copy(&mut self, theirs: Stream, offset: u64, keys: Keys, fx: &mut Fx) {
        let known = self.hear_primary(theirs, fx);
        let Part::Replica { stream, .. } = &mut self.part else {
            return;
        };
        if theirs.epoch != self.epoch || (known && offset < self.offset) {
            return;
        }
        *stream = Some(theirs);
        self.offset = offset;
        self.store.replace(keys.clone(), ReplicaChange::Copy(keys), fx);
        self.confirm(theirs, fx);
    }

    fn hear_server(&mut self, body: ReplicatedMessage, fx: &mut Fx) {
        match body {
            ReplicatedMessage::Change { stream, offset, change } => {
                self.follow(stream, offset, change, fx)
            }
            ReplicatedMessage::Copy { stream, offset, keys } => self.copy(stream, offset, keys, fx),
            ReplicatedMessage::Acknowledged { stream, offset } => {
                if self.same_epoch(stream.epoch, fx) && stream == self.stream() {
                    self.acknowledge(offset, fx);
                }
            }
            ReplicatedMessage::Missing { epoch } => {
                if self.same_epoch(epoch, fx) && self.is_primary() {
                    let copy = ReplicatedMessage::Copy {
                        stream: self.stream(),
                        offset: self.offset,
                        keys: self.store.keys().clone(),
                    };
                    self.tell_other(copy, fx);
                }
            }
            ReplicatedMessage::Client(_) => {}
        }
    }

    fn fire(&mut self, timer: ReplicaTimer, fx: &mut Fx) {
        match (timer, &self.part) {
            // Of what runs out, a replica waits for its primary to say so.
            (ReplicaTimer::Store(timer), part)
                if timer == StoreTimer::Flush || matches!(part, Part::Primary { .. }) =>
            {
                let change = self.store.fire(timer, fx);
                self.changed(change, fx);
            }
            (ReplicaTimer::Ping, Part::Primary { .. }) => self.ping(fx),
            (ReplicaTimer::Wait(offset), _) => self.waited(offset, fx),
            (ReplicaTimer::Failover(word), Part::Replica { heard, .. }) if word == *heard => {
                self.promote(fx);
            }
            _ => {}
        }
    }
}

fn answer(client: NodeId, reply: &Reply, answer: Answer, fx: &mut Fx) {
    let reply = Reply { answer, ..*reply };
    fx.send(client, ReplicatedMessage::Client(Message::Reply(reply)));
}

impl Node for Replica {
    type Message = ReplicatedMessage;
    type Timer = ReplicaTimer;
    type Disk = ReplicaDisk;

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(life) => self.start(life, fx),
            Input::Message { from, body: ReplicatedMessage::Client(Message::Request(request)) } => {
                self.request(from, &request, fx)
            }
            Input::Message { from: NodeId::Server(_), body } => self.hear_server(body, fx),
            Input::Clock(Clock::Wall, now) => {
                if let Some((from, request)) = self.asked.take() {
                    self.execute(from, &request, Some(now), fx);
                }
            }
            Input::Fired(timer) => self.fire(timer, fx),
            _ => {}
        }
    }
}
