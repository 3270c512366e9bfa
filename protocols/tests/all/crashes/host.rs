//! A host of a lock's servers and two clients without any chance: messages arrive in the order in
//! which they were sent, and when none is on its way, the next timer fires. It can crash a server
//! right before any one effect of the run.

use locklab_protocols::contract::{Effect, Event, Span, When};
use locklab_protocols::prelude::*;
use locklab_protocols::system::Machine;
use std::collections::VecDeque;

/// A crash of whichever server is about to have this effect of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct CrashAt {
    /// The number of the effect, counted over all servers.
    pub(super) effect: usize,
    /// Whether what is not synced is lost.
    pub(super) power_failure: bool,
    /// After how long it comes back; `None` for never.
    pub(super) back_after: Option<Duration>,
}

/// How a lock is hosted.
pub(super) trait Hosted: Protocol {
    /// For how long a client keeps its locks.
    const HOLD: Duration;
    /// How long after a refusal it asks again.
    const AFTER_REFUSAL: Duration;
    /// How long after it gave them back it asks again; `None` for a client that asks once.
    const AGAIN: Option<Duration>;

    /// Chance, without any: when a server's timer fires.
    fn server_timer(_: ServerId, _: &TimerOf<Self::Server>, span: Span) -> Duration {
        span.shortest
    }

    /// When a client's timer fires.
    fn client_timer(_: ClientId, span: Span) -> Duration {
        span.shortest
    }
}

type TimerOf<N> = <N as Node>::Timer;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Timer<S, C> {
    Server(ServerId, S),
    Client(ClientId, C),
    /// The application asks.
    Ask(ClientId),
    /// The application gives its locks back.
    GiveBack(ClientId),
    Restart(ServerId),
}

const LOCKS: [LockId; 2] = [LockId(1), LockId(2)];

type Letter<P> = (NodeId, NodeId, <P as Protocol>::Message);
type AnyTimer<P> = Timer<TimerOf<<P as Protocol>::Server>, TimerOf<<P as Protocol>::Client>>;

pub(super) struct Host<P: Hosted> {
    protocol: P,
    pub(super) servers: Vec<Machine<P::Server>>,
    clients: Vec<Machine<P::Client>>,
    letters: VecDeque<Letter<P>>,
    timers: BTreeMap<AnyTimer<P>, Duration>,
    now: Duration,
    /// Effects of servers so far.
    pub(super) effects: usize,
    crash: Option<CrashAt>,
    facts: Facts,
    tokens: BTreeSet<(LockId, Token)>,
    /// Who holds each lock, by what clients were told.
    holders: BTreeMap<LockId, ClientId>,
    /// How many locks each client was granted.
    pub(super) granted: [usize; 2],
    /// Whether the servers ever agreed on anything.
    pub(super) agreed: bool,
}

impl<P: Hosted> Host<P> {
    pub(super) fn new(protocol: P, crash: Option<CrashAt>) -> Self {
        let mut host = Self {
            servers: (0..protocol.servers()).map(|_| Machine::default()).collect(),
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
            agreed: false,
        };
        for id in (0..host.servers.len()).map(ServerId::at) {
            host.start_server(id);
        }
        for id in [ClientId(1), ClientId(2)] {
            let life = host.clients[id.index()].start(|disk| host.protocol.client(id, disk));
            host.step_client(id, Input::Started(life));
            host.timers.insert(Timer::Ask(id), Duration::ZERO);
        }
        host
    }

    /// Lets things happen until this moment; what is on its way then has arrived.
    pub(super) fn run_until(&mut self, end: Duration) {
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

    fn fire(&mut self, timer: AnyTimer<P>) {
        match timer {
            Timer::Server(id, timer) => self.step_server(id, Input::Fired(timer)),
            Timer::Client(id, timer) => self.step_client(id, Input::Fired(timer)),
            Timer::Ask(id) => {
                let locks = LOCKS.into_iter().collect();
                self.step_client(id, Input::Command(Command::Acquire { locks }));
            }
            Timer::GiveBack(id) => {
                self.holders.retain(|_, holder| *holder != id);
                for lock in LOCKS {
                    self.step_client(id, Input::Command(Command::Release { lock }));
                }
                if let Some(again) = P::AGAIN {
                    self.timers.insert(Timer::Ask(id), self.now + again);
                }
            }
            Timer::Restart(id) => self.start_server(id),
        }
    }

    fn start_server(&mut self, id: ServerId) {
        let life = self.servers[id.index()].start(|disk| self.protocol.server(id, disk));
        self.step_server(id, Input::Started(life));
    }

    fn step_server(&mut self, id: ServerId, input: InputOf<P::Server>) {
        let mut fx = Effects::<P::Server>::default();
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
                Effect::Arm { timer, when: When::After(span), .. } => {
                    let due = self.now + P::server_timer(id, &timer, span);
                    self.timers.insert(Timer::Server(id, timer), due);
                }
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
        if let Some(after) = crash.back_after {
            self.timers.insert(Timer::Restart(id), self.now + after);
        }
    }

    fn step_client(&mut self, id: ClientId, input: InputOf<P::Client>) {
        let mut fx = Effects::<P::Client>::default();
        let Some(client) = self.clients[id.index()].node_mut() else { return };
        client.step(input, &mut fx);
        for effect in fx.drain().collect::<Vec<_>>() {
            match effect {
                Effect::Send { to, body } => self.letters.push_back((id.into(), to, body)),
                Effect::Arm { timer, when: When::After(span), .. } => {
                    let due = self.now + P::client_timer(id, span);
                    self.timers.insert(Timer::Client(id, timer), due);
                }
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
                self.timers.insert(Timer::GiveBack(id), self.now + P::HOLD);
            }
            LockEvent::Refused { .. } => {
                self.timers.insert(Timer::Ask(id), self.now + P::AFTER_REFUSAL);
            }
            LockEvent::Lost { lock } => {
                self.holders.remove(&lock);
            }
            LockEvent::Released { .. } => {}
        }
    }

    /// What must be true after every step.
    fn look(&mut self, stepped: ServerId) {
        let servers = Servers::<P>::new(&self.servers);
        match self.protocol.agreement(servers, stepped, &mut self.facts) {
            Accord::Broken(reason) => panic!("{reason}"),
            Accord::Kept => self.agreed = true,
            Accord::NothingToAgree => {}
        }
        for lock in LOCKS {
            let owners = self.protocol.owners(servers, lock);
            assert!(owners.len() <= 1, "{lock} is owned by {owners:?}");
        }
    }
}
