//! The storage alone, against clients that anybody may be.
//!
//! There is no lock: a client has a token whenever it wants one, any of a few that are its own.
//! Whatever the storage guarantees here, it guarantees behind every lock whose tokens are unique.

use locklab_protocols::prelude::*;

/// No lock at all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Anyone {
    /// How many clients there are.
    pub clients: u32,
    /// How many tokens each of them may have.
    pub tokens: u32,
}

/// A client that grants itself whatever it asks for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AnyClient {
    clients: u32,
    tokens: u32,
    me: ClientId,
    wants: Option<LockId>,
}

/// There are no servers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Nobody;

impl Node for Nobody {
    type Message = Never;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, _: InputOf<Self>, _: &mut Effects<Self>) {}
}

impl Node for AnyClient {
    type Message = Never;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Command(Command::Acquire { locks }) => {
                self.wants = Some(locks.only());
                fx.draw(self.tokens);
            }
            Input::Drawn(draw) => {
                if let Some(lock) = self.wants.take() {
                    let number = draw * self.clients + self.me.0;
                    fx.notify(LockEvent::Granted { lock, token: Some(Token(u64::from(number))) });
                }
            }
            Input::Command(Command::Release { lock }) => {
                fx.notify(LockEvent::Released { lock, outcome: Ending::Done });
            }
            _ => {}
        }
    }
}

impl Protocol for Anyone {
    type Message = Never;
    type Server = Nobody;
    type Client = AnyClient;

    fn name(&self) -> &'static str {
        "storage"
    }

    fn servers(&self) -> usize {
        0
    }

    fn server(&self, _: ServerId, (): &()) -> Nobody {
        Nobody
    }

    fn client(&self, id: ClientId, (): &()) -> AnyClient {
        AnyClient { clients: self.clients, tokens: self.tokens, me: id, wants: None }
    }

    fn owners(&self, _: Servers<'_, Self>, _: LockId) -> Vec<Owner> {
        Vec::new()
    }
}
