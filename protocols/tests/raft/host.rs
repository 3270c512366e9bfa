//! A host of three servers and two clients without any chance: messages arrive in the order in
//! which they were sent, and when none is on its way, the next timer fires. It can crash a server
//! right before any one effect of the run.

use locklab_protocols::contract::{Effect, Event, When};
use locklab_protocols::prelude::*;
use locklab_protocols::raft::message::Message;
use locklab_protocols::raft::{ClientTimer, Raft, RaftClient, RaftTimer, Server};
use locklab_protocols::system::Machine;
use std::collections::VecDeque;

/// A crash of whichever server is about to have this effect of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrashAt {
    /// The number of the effect, counted over all servers.
    pub(crate) effect: usize,
    /// Whether what is not synced is lost.
    pub(crate) power_failure: bool,
    /// After how long it comes back.
    pub(crate) back_after: Duration,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Timer {
    Server(ServerId, RaftTimer),
    Client(ClientId, ClientTimer),
    /// The application asks.
    Ask(ClientId),
    /// The application gives its locks back.
    GiveBack(ClientId),
    Restart(ServerId),
}

const LOCKS: [LockId; 2] = [LockId(1), LockId(2)];

pub(crate) struct Host {
    protocol: Raft,
    servers: Vec<Machine<Server>>,
    clients: Vec<Machine<RaftClient>>,
    letters: VecDeque<(NodeId, NodeId, Message)>,
    timers: BTreeMap<Timer, Duration>,
    now: Duration,
    /// Effects of servers so far.
    pub(crate) effects: usize,
    crash: Option<CrashAt>,
    facts: Facts,
    tokens: BTreeSet<(LockId, Token)>,
    /// Who holds each lock, by what clients were told.
    holders: BTreeMap<LockId, ClientId>,
    /// How often each client was granted its locks.
    pub(crate) granted: [usize; 2],
}

impl Host {
    pub(crate) fn new(protocol: Raft, crash: Option<CrashAt>) -> Self {
        let mut host = Self {
            servers: (0..protocol.servers).map(|_| Machine::default()).collect(),
            clients: (0..2).map(|_| Machine::default()).collect(),
            protocol,
            letters: VecDeque::new(),
            timers: BTreeMap::new(),
            now: Duration::ZERO,
            effects: 0,
            crash,
            facts: Facts::default(),
            tokens: BTreeSet::new(),
            holders: BTreeMap::new(),
            granted: [0; 2],
        };
        for id in (0..host.servers.len()).map(ServerId::at) {
            host.start_server(id);
        }
        for id in [ClientId(1), ClientId(2)] {
            let build = |disk: &()| host.protocol.client(id, disk);
            let life = host.clients[id.index()].start(build);
            host.step_client(id, Input::Started(life));
            host.timers.insert(Timer::Ask(id), Duration::ZERO);
        }
        host
    }

    /// Lets things happen until this moment.
    pub(crate) fn run_until(&mut self, end: Duration) {
        loop {
            while let Some((from, to, body)) = self.letters.pop_front() {
                match to {
                    NodeId::Server(id) => self.step_server(id, Input::Message { from, body }),
                    NodeId::Client(id) => self.step_client(id, Input::Message { from, body }),
                    NodeId::Storage => {}
                }
            }
            let next = self.timers.iter().min_by_key(|(timer, due)| (**due, (*timer).clone()));
            let Some((timer, due)) = next.map(|(timer, due)| (timer.clone(), *due)) else { return };
            if due > end {
                return;
            }
            self.now = self.now.max(due);
            self.timers.remove(&timer);
            self.fire(timer);
        }
    }

    fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::Server(id, timer) => self.step_server(id, Input::Fired(timer)),
            Timer::Client(id, timer) => self.step_client(id, Input::Fired(timer)),
            Timer::Ask(id) => {
                let locks = LOCKS.into_iter().collect();
                self.step_client(id, Input::Command(Command::Acquire { locks }));
            }
            Timer::GiveBack(id) => {
                for lock in LOCKS {
                    self.holders.remove(&lock);
                    self.step_client(id, Input::Command(Command::Release { lock }));
                }
                self.timers.insert(Timer::Ask(id), self.now + Duration::from_millis(50));
            }
            Timer::Restart(id) => self.start_server(id),
        }
    }

    fn start_server(&mut self, id: ServerId) {
        let life = self.servers[id.index()].start(|disk| self.protocol.server(id, disk));
        self.step_server(id, Input::Started(life));
    }

    fn step_server(&mut self, id: ServerId, input: InputOf<Server>) {
        let mut fx = Effects::<Server>::default();
        let Some(server) = self.servers[id.index()].node_mut() else { return };
        server.step(input, &mut fx);
        self.look(id);
        for effect in fx.drain().collect::<Vec<_>>() {
            if let Some(crash) = self.crash.filter(|crash| crash.effect == self.effects) {
                self.crash(id, crash);
                return;
            }
            self.effects += 1;
            match effect {
                Effect::Send { to, body } => self.letters.push_back((id.into(), to, body)),
                Effect::Arm { timer, when, .. } => self.arm(Timer::Server(id, timer), when),
                Effect::Disarm(timer) => {
                    self.timers.remove(&Timer::Server(id, timer));
                }
                Effect::Write(change) => self.servers[id.index()].write(change),
                Effect::Sync => self.servers[id.index()].sync(),
                _ => {}
            }
        }
    }

    fn crash(&mut self, id: ServerId, crash: CrashAt) {
        self.crash = None;
        self.servers[id.index()].crash();
        if crash.power_failure {
            self.servers[id.index()].lose_unsynced();
        }
        self.timers.retain(|timer, _| !matches!(timer, Timer::Server(of, _) if *of == id));
        self.timers.insert(Timer::Restart(id), self.now + crash.back_after);
    }

    fn step_client(&mut self, id: ClientId, input: InputOf<RaftClient>) {
        let mut fx = Effects::<RaftClient>::default();
        let Some(client) = self.clients[id.index()].node_mut() else { return };
        client.step(input, &mut fx);
        for effect in fx.drain().collect::<Vec<_>>() {
            match effect {
                Effect::Send { to, body } => self.letters.push_back((id.into(), to, body)),
                Effect::Arm { timer, when, .. } => self.arm(Timer::Client(id, timer), when),
                Effect::Disarm(timer) => {
                    self.timers.remove(&Timer::Client(id, timer));
                }
                Effect::Notify(Event::Lock(event)) => self.hear(id, event),
                _ => {}
            }
        }
    }

    fn hear(&mut self, id: ClientId, event: LockEvent) {
        match event {
            LockEvent::Granted { lock, token } => {
                let token = token.expect("all grants have tokens");
                assert!(self.tokens.insert((lock, token)), "token {token} of {lock} comes twice");
                let other = self.holders.insert(lock, id);
                assert_eq!(other, None, "{lock} was granted to {id} while it was held");
                self.granted[id.index()] += 1;
                self.timers.insert(Timer::GiveBack(id), self.now + Duration::from_millis(100));
            }
            LockEvent::Refused { .. } => {
                self.timers.insert(Timer::Ask(id), self.now + Duration::from_millis(50));
            }
            LockEvent::Lost { lock } => {
                self.holders.remove(&lock);
            }
            LockEvent::Released { .. } => {}
        }
    }

    fn arm(&mut self, timer: Timer, when: When) {
        let When::After(span) = when else { return };
        // Chance, without any: the servers campaign one after the other.
        let after = match timer {
            Timer::Server(id, RaftTimer::Election) => {
                let most = span.longest - span.shortest;
                span.shortest + most * id.0 / 4
            }
            _ => span.shortest,
        };
        self.timers.insert(timer, self.now + after);
    }

    /// What must be true after every step.
    fn look(&mut self, stepped: ServerId) {
        let servers = Servers::<Raft>::new(&self.servers);
        if let Accord::Broken(reason) = self.protocol.agreement(servers, stepped, &mut self.facts) {
            panic!("{reason}");
        }
        for lock in LOCKS {
            let owners = self.protocol.owners(servers, lock);
            assert!(owners.len() <= 1, "{lock} is owned by {owners:?}");
        }
    }
}
