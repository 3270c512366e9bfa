//! The client: that of [`Ttl`](crate::ttl::Ttl), which also looks for the primary.

#[cfg(test)]
mod tests;

use super::{Answer, Claims, ClientTimer, Message, ReplicatedMessage, Reply};
use crate::prelude::*;
use crate::ttl::claims::{Claim, Fx};

/// The client of [`TtlReplicated`](super::TtlReplicated).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ReplicatedClient {
    claims: Claims,
    /// Whether it has followed a redirection since it last waited for an answer in vain. It
    /// follows one at once and then waits: between two failovers, both servers may be replicas.
    redirected: bool,
}

impl ReplicatedClient {
    pub(super) fn new(claims: Claims) -> Self {
        Self { claims, redirected: false }
    }

    /// What it does about each lock.
    pub fn claims(&self) -> impl Iterator<Item = (LockId, &Claim)> {
        self.claims.iter()
    }

    /// Turns to the other server.
    fn turn(&mut self) {
        self.claims.server = other(self.claims.server);
    }

    fn hear(&mut self, from: ServerId, reply: &Reply, fx: &mut Fx<ReplicatedMessage>) {
        match reply.answer {
            Answer::ReadOnly if self.claims.waits(reply.lock, reply.value) => {
                if from == self.claims.server && !self.redirected {
                    self.redirected = true;
                    self.turn();
                    self.claims.repeat(reply.lock, fx);
                }
            }
            Answer::ReadOnly => {}
            _ => {
                // Whoever executes a command is the primary, or believes so.
                self.claims.server = from;
                self.claims.hear(reply, fx);
            }
        }
    }
}

/// The other of the two servers.
pub(super) fn other(server: ServerId) -> ServerId {
    ServerId(3 - server.0)
}

impl Node for ReplicatedClient {
    type Message = ReplicatedMessage;
    type Timer = ClientTimer;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(incarnation) => self.claims.start(incarnation),
            Input::Command(Command::Acquire { locks }) => self.claims.acquire(locks.only(), fx),
            Input::Command(Command::Release { lock }) => self.claims.release(lock, fx),
            Input::Message {
                from: NodeId::Server(server),
                body: ReplicatedMessage::Client(Message::Reply(reply)),
            } => self.hear(server, &reply, fx),
            Input::Fired(timer) => {
                // Who waits in vain turns to the other server. What he asks again goes there; what
                // he takes back goes to the one that he had asked.
                let asks_again = matches!(timer, ClientTimer::Repeat(..));
                let gives_up =
                    matches!(timer, ClientTimer::GiveUp(lock, _) if self.claims.asks(lock));
                if asks_again || gives_up {
                    self.redirected = false;
                }
                if asks_again {
                    self.turn();
                }
                self.claims.fire(timer, fx);
                if gives_up {
                    self.turn();
                }
            }
            _ => {}
        }
    }
}
