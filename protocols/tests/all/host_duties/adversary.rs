//! A host that does its duty as badly as it may.
//!
//! It keeps every message that was not lost and every timer that was ever armed, and delivers and
//! fires them in any order and any number. What it keeps of the contract: one step at a time,
//! effects in their order, and the answer to a question is the next input.

use locklab_protocols::contract::{Effect, EffectList, Event};
use locklab_protocols::prelude::*;
use locklab_protocols::system::Machine;
use proptest::sample::Index;

/// What the adversary does next.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    /// A message arrives.
    Deliver(Index),
    /// A message arrives, and is still on its way.
    DeliverCopy(Index),
    /// A message is lost.
    Drop(Index),
    /// A timer of a server fires that was armed at some time in this life.
    FireServer(Index),
    /// The same, of a client.
    FireClient(Index),
    /// The application of a client does what it does next.
    Command(Index),
    /// A server crashes and restarts.
    RestartServer(Index),
    /// A client crashes and restarts.
    RestartClient(Index),
    /// All wall clocks show this, whatever they showed before.
    SetClocks(u64),
}

/// What an application waits for, or does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hears {
    /// It asks next.
    Idle,
    /// It waits for `Granted` or `Refused`.
    Asked,
    /// It gives the lock back next.
    Holds,
    /// It waits for `Released`.
    Gave,
}

const LOCK: LockId = LockId(1);

/// A message on its way: from whom, to whom, what.
type Letter<P> = (NodeId, NodeId, <P as Protocol>::Message);

pub(crate) struct Adversary<P: Protocol> {
    protocol: P,
    servers: Vec<Machine<P::Server>>,
    clients: Vec<Machine<P::Client>>,
    hears: Vec<Hears>,
    letters: Vec<Letter<P>>,
    server_timers: Vec<(ServerId, <P::Server as Node>::Timer)>,
    client_timers: Vec<(ClientId, <P::Client as Node>::Timer)>,
    now: Reading,
    tokens: Vec<Token>,
    facts: Facts,
}

impl<P: Protocol> Adversary<P> {
    /// Everybody is up.
    pub(crate) fn new(protocol: P) -> Self {
        let servers = protocol.servers();
        let mut adversary = Self {
            protocol,
            servers: (0..servers).map(|_| Machine::default()).collect(),
            clients: (0..3).map(|_| Machine::default()).collect(),
            hears: vec![Hears::Idle; 3],
            letters: Vec::new(),
            server_timers: Vec::new(),
            client_timers: Vec::new(),
            now: Reading(0),
            tokens: Vec::new(),
            facts: Facts::default(),
        };
        (0..servers).for_each(|index| adversary.start_server(ServerId::at(index)));
        (0..3).for_each(|index| adversary.start_client(ClientId::at(index)));
        adversary
    }

    pub(crate) fn play(&mut self, a_move: &Move) {
        match a_move {
            Move::Deliver(index) if !self.letters.is_empty() => {
                let letter = self.letters.swap_remove(index.index(self.letters.len()));
                self.deliver(letter);
            }
            Move::DeliverCopy(index) if !self.letters.is_empty() => {
                self.deliver(index.get(&self.letters).clone());
            }
            Move::Drop(index) if !self.letters.is_empty() => {
                self.letters.swap_remove(index.index(self.letters.len()));
            }
            Move::FireServer(index) if !self.server_timers.is_empty() => {
                let (id, timer) = index.get(&self.server_timers).clone();
                self.step_server(id, Input::Fired(timer));
            }
            Move::FireClient(index) if !self.client_timers.is_empty() => {
                let (id, timer) = index.get(&self.client_timers).clone();
                self.step_client(id, Input::Fired(timer));
            }
            Move::Command(index) => self.command(ClientId::at(index.index(self.clients.len()))),
            Move::RestartServer(index) => {
                let id = ServerId::at(index.index(self.servers.len()));
                self.server_timers.retain(|(of, _)| *of != id);
                self.servers[id.index()].crash();
                self.servers[id.index()].lose_unsynced();
                self.start_server(id);
            }
            Move::RestartClient(index) => {
                let id = ClientId::at(index.index(self.clients.len()));
                self.client_timers.retain(|(of, _)| *of != id);
                self.hears[id.index()] = Hears::Idle;
                self.clients[id.index()].crash();
                self.start_client(id);
            }
            Move::SetClocks(nanos) => self.now = Reading(*nanos),
            _ => {}
        }
    }

    pub(crate) fn assert_one_owner(&self) {
        let owners = self.protocol.owners(Servers::new(&self.servers), LOCK);
        assert!(owners.len() <= 1, "{LOCK} has the owners {owners:?}");
    }

    pub(crate) fn assert_unique_tokens(&self) {
        let unique: BTreeSet<_> = self.tokens.iter().collect();
        assert_eq!(unique.len(), self.tokens.len(), "tokens are {:?}", self.tokens);
    }

    fn start_server(&mut self, id: ServerId) {
        let life = self.servers[id.index()].start(|disk| self.protocol.server(id, disk));
        self.step_server(id, Input::Started(life));
    }

    fn start_client(&mut self, id: ClientId) {
        let life = self.clients[id.index()].start(|disk| self.protocol.client(id, disk));
        self.step_client(id, Input::Started(life));
    }

    fn command(&mut self, id: ClientId) {
        let hears = &mut self.hears[id.index()];
        let command = match hears {
            Hears::Idle => {
                *hears = Hears::Asked;
                let locks = LockSet::from(LOCK);
                Command::Acquire { locks }
            }
            Hears::Holds => {
                *hears = Hears::Gave;
                Command::Release { lock: LOCK }
            }
            Hears::Asked | Hears::Gave => return,
        };
        self.step_client(id, Input::Command(command));
    }

    fn deliver(&mut self, (from, to, body): Letter<P>) {
        match to {
            NodeId::Server(id) => self.step_server(id, Input::Message { from, body }),
            NodeId::Client(id) => self.step_client(id, Input::Message { from, body }),
            NodeId::Storage => {}
        }
    }

    fn step_server(&mut self, id: ServerId, input: InputOf<P::Server>) {
        let mut fx = Effects::<P::Server>::default();
        let Some(server) = self.servers[id.index()].node_mut() else {
            return;
        };
        server.step(input, &mut fx);
        let servers = Servers::new(&self.servers);
        if let Accord::Broken(reason) = self.protocol.agreement(servers, id, &mut self.facts) {
            panic!("{reason}");
        }
        let effects: Vec<_> = take(&mut fx);
        for effect in effects {
            match effect {
                Effect::Send { to, body } => self.letters.push((id.into(), to, body)),
                Effect::Arm { timer, .. } => self.server_timers.push((id, timer)),
                Effect::Write(change) => self.servers[id.index()].write(change),
                Effect::Sync => self.servers[id.index()].sync(),
                Effect::ReadClock(clock) => self.step_server(id, Input::Clock(clock, self.now)),
                _ => {}
            }
        }
    }

    fn step_client(&mut self, id: ClientId, input: InputOf<P::Client>) {
        let mut fx = Effects::<P::Client>::default();
        let Some(client) = self.clients[id.index()].node_mut() else {
            return;
        };
        client.step(input, &mut fx);
        let effects: Vec<_> = take(&mut fx);
        for effect in effects {
            match effect {
                Effect::Send { to, body } => self.letters.push((id.into(), to, body)),
                Effect::Arm { timer, .. } => self.client_timers.push((id, timer)),
                Effect::Notify(Event::Lock(event)) => self.hear(id, event),
                _ => {}
            }
        }
    }

    /// A client keeps its word: one answer to each question, and `Lost` only for what is held.
    fn hear(&mut self, id: ClientId, event: LockEvent) {
        let hears = &mut self.hears[id.index()];
        *hears = match (*hears, event) {
            (Hears::Asked, LockEvent::Granted { token, .. }) => {
                self.tokens.extend(token);
                Hears::Holds
            }
            (Hears::Asked, LockEvent::Refused { .. })
            | (Hears::Gave, LockEvent::Released { .. })
            | (Hears::Holds, LockEvent::Lost { .. }) => Hears::Idle,
            (hears, event) => panic!("{id} says {event:?} to an application that {hears:?}"),
        };
    }
}

fn take<M, T, C>(fx: &mut EffectList<M, T, C>) -> Vec<Effect<M, T, C>> {
    fx.drain().collect()
}
