//! A lock that is none: one server that gives everybody a number, and forgets as it is told to.

use locklab_protocols::prelude::*;

/// What the server keeps of its last number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Keeps {
    /// Nothing, over a crash.
    Nothing,
    /// The number, but it does not wait for its disk.
    Unsynced,
    /// The number.
    Synced,
    /// There is no number to keep: everybody gets the same.
    Always1,
}

/// The lock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Counter {
    /// What the server keeps.
    pub(crate) keeps: Keeps,
}

/// What is said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Say {
    /// Give me a number.
    Ask(Owner),
    /// Here it is.
    Number(Token),
}

/// What is kept.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Kept(u64);

impl Disk for Kept {
    type Change = u64;

    fn apply(&mut self, change: u64) {
        self.0 = change;
    }
}

/// The server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Giver {
    keeps: Keeps,
    last: u64,
    owners: Vec<Owner>,
}

impl Node for Giver {
    type Message = Say;
    type Timer = Never;
    type Disk = Kept;

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        let Input::Message { from, body: Say::Ask(owner) } = input else { return };
        match self.keeps {
            Keeps::Always1 => self.last = 1,
            _ => self.last += 1,
        }
        if self.keeps != Keeps::Nothing {
            fx.write(self.last);
        }
        if self.keeps == Keeps::Synced {
            fx.sync();
        }
        if !self.owners.contains(&owner) {
            self.owners.push(owner);
        }
        let lock = LockId(1);
        fx.notify(LeaseEvent::Granted { lock, owner, lease: None });
        fx.send(from, Say::Number(Token(self.last)));
    }
}

/// The client: takes every number that it gets.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Taker {
    me: Owner,
}

impl Node for Taker {
    type Message = Say;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        let lock = LockId(1);
        match input {
            Input::Started(incarnation) => self.me.incarnation = incarnation,
            Input::Command(Command::Acquire { .. }) => {
                fx.send(ServerId(1), Say::Ask(self.me));
            }
            Input::Command(Command::Release { lock }) => {
                fx.notify(LockEvent::Released { lock, outcome: Ending::Done });
            }
            Input::Message { body: Say::Number(token), .. } => {
                fx.notify(LockEvent::Granted { lock, token: Some(token) });
            }
            _ => {}
        }
    }
}

impl Protocol for Counter {
    type Message = Say;
    type Server = Giver;
    type Client = Taker;

    fn name(&self) -> &'static str {
        "counter"
    }

    fn server(&self, _: ServerId, disk: &Kept) -> Giver {
        Giver { keeps: self.keeps, last: disk.0, owners: Vec::new() }
    }

    fn client(&self, id: ClientId, (): &()) -> Taker {
        Taker { me: Owner::first(id) }
    }

    fn owners(&self, servers: Servers<'_, Self>, _: LockId) -> Vec<Owner> {
        servers.live().flat_map(|(_, server)| server.owners.clone()).collect()
    }

    fn agreement(&self, servers: Servers<'_, Self>, _: ServerId, _: &mut Facts) -> Accord {
        let owners = |(_, server): (ServerId, &Giver)| server.owners.len();
        match servers.live().map(owners).sum::<usize>() {
            0 => Accord::NothingToAgree,
            1 => Accord::Kept,
            _ => Accord::Broken("it has given itself to two".to_owned()),
        }
    }
}
