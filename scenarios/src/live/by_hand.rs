//! A lock service to start by hand, and a client to talk to it: documentation that runs.
//!
//! Servers and clients find each other by their numbers: server 2 listens at the base port plus 2,
//! client 1 at the base port plus 101, all on this machine. A server keeps its disk in a folder
//! and comes back to it; each start is a new life. There is no host, and no application on the
//! client: a person types what it is to do.
//!
//! It is not meant for production: nobody is asked who he is, and nothing is encrypted.

use super::clocks::{Epoch, NodeClocks};
use super::frame::{self, Envelope, Refusal};
use super::fresh_number;
use super::journal::{DiskState, NodeConfig};
use super::mailbox::{Deliver, Outgoing, Port, Transport, take_in, told_less_and_less};
use super::node::{self, NodeError, on_this_thread};
use crate::story::span;
use locklab_protocols::contract::{
    Clock, Command, Disk, Effect, Effects, Ending, Event, Input, InputOf, LeaseEvent, LockEvent,
    Node, Portable, Protocol, Reading, When,
};
use locklab_protocols::id::{ClientId, Incarnation, LockId, NodeId, ServerId};
use locklab_protocols::stable_hash::StableHasher;
use locklab_protocols::system::Packet;
use locklab_sim::Plan;
use locklab_sim::chance::Chance;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;

/// So many clients may come by hand.
pub const CLIENTS: u16 = 99;

/// Where everybody is: on this machine, at this port plus a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Base(pub u16);

impl Base {
    /// Where a node listens.
    pub fn address(self, node: NodeId) -> SocketAddr {
        let number = match node {
            NodeId::Server(ServerId(number)) => number,
            NodeId::Client(ClientId(number)) => 100 + number,
            NodeId::Storage => 0,
        };
        let port = self.0.saturating_add(u16::try_from(number).unwrap_or(u16::MAX));
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }

    /// Everybody who may be there.
    pub(super) fn everybody(self, servers: usize) -> Vec<(NodeId, SocketAddr)> {
        let servers = (0..servers).map(|index| NodeId::Server(ServerId::at(index)));
        let clients = (0..usize::from(CLIENTS)).map(|index| NodeId::Client(ClientId::at(index)));
        servers.chain(clients).map(|node| (node, self.address(node))).collect()
    }
}

/// The number that all who belong together share.
fn run_of<P: Protocol>(protocol: &P) -> u64 {
    StableHasher::hash_of(&("by hand", protocol.name(), protocol.servers()))
}

/// Takes a folder for a server, for as long as the file is open. What another server kept there is
/// not for this one: it would take that one's word for its own.
fn taken(folder: &Path, whose: &str) -> io::Result<File> {
    let mut file =
        File::options().read(true).append(true).create(true).open(folder.join("server"))?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::other("a server that runs already uses it"),
        TryLockError::Error(error) => error,
    })?;
    let mut known = String::new();
    file.read_to_string(&mut known)?;
    if known.is_empty() {
        file.write_all(whose.as_bytes())?;
        file.sync_all()?;
    } else if known != whose {
        return Err(io::Error::other(format!("it is that of {known}")));
    }
    Ok(file)
}

/// Counts the lives of a node in its folder, durably, before one begins.
fn next_life(folder: &Path) -> io::Result<Incarnation> {
    let file = folder.join("lives");
    let lives = match std::fs::read_to_string(&file) {
        Ok(text) => text
            .trim()
            .parse()
            .map_err(|_| io::Error::other(format!("`{}` holds no number", file.display())))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    let life = Incarnation(lives + 1);
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(format!("{}\n", life.0).as_bytes())?;
    fresh.as_file().sync_all()?;
    fresh.persist(&file)?;
    Ok(life)
}

/// Is a server until somebody ends the process. `tell` hears what it reports.
///
/// # Errors
///
/// If its folder, its disk or its port fails it.
pub fn serve<P: Portable>(
    protocol: P,
    server: ServerId,
    base: Base,
    folder: &Path,
    tell: Box<dyn Fn(&str)>,
) -> Result<(), NodeError> {
    let failed = |what| move |error| NodeError::Io(what, error);
    std::fs::create_dir_all(folder).map_err(failed("make the folder"))?;
    let whose = format!("{server} of {} of `{}`", protocol.servers(), protocol.name());
    let _in_use = taken(folder, &whose).map_err(failed("use the folder"))?;
    let life = next_life(folder).map_err(failed("count the lives of the server"))?;
    let config = NodeConfig {
        protocol: protocol.name().to_owned(),
        scenario: String::new(),
        node: server.into(),
        life,
        run: run_of(&protocol),
        folder: PathBuf::from(folder),
        transport: Transport::Tcp,
        halts: BTreeSet::new(),
        seed: fresh_number(),
        clocks: NodeClocks::default(),
        disk: DiskState::default(),
        slow: Duration::ZERO,
        host: std::process::id(),
    };
    let plan = Plan { clients: usize::from(CLIENTS), ..Plan::default() };
    node::run_by_hand(protocol, &plan, config, base, tell)
}

/// Is a client until there are no more commands. `commands` are lines such as `acquire 1`,
/// `release 1`; `tell` hears what becomes of them.
///
/// # Errors
///
/// If its port fails it.
pub fn client<P: Portable>(
    protocol: &P,
    client: ClientId,
    base: Base,
    commands: mpsc::UnboundedReceiver<String>,
    tell: Box<dyn Fn(&str)>,
) -> Result<(), NodeError> {
    let failed = |what| move |error| NodeError::Io(what, error);
    on_this_thread(Box::pin(async {
        let port = Port::open(base.address(client.into()), Transport::Tcp).await;
        let port = port.map_err(failed("take the port of this client"))?;
        let (sender, letters) = mpsc::channel(64);
        let (me, run) = (NodeId::Client(client), run_of(protocol));
        let deliver: Deliver = Rc::new(move |payload: Vec<u8>| {
            let (sender, letter) = (sender.clone(), frame::open::<P::Message>(&payload));
            Box::pin(async move {
                let Envelope { from, to, body, .. } = letter?;
                match body {
                    Packet::Lock(body) if to == me => {
                        let _gone = sender.send((from, body)).await;
                        Ok(())
                    }
                    _ => Err(Refusal::Misaddressed { from, to }),
                }
            })
        });
        let tell: Rc<dyn Fn(&str)> = Rc::from(tell);
        let hears = Rc::clone(&tell);
        let refuse = told_less_and_less(move |times, why| hears(&refused(times, why)));
        tokio::task::spawn_local(take_in(port, run, deliver, refuse));
        let mut outgoing = Outgoing::new(Transport::Tcp);
        for (node, address) in base.everybody(protocol.servers()) {
            outgoing.reach(node, address);
        }
        let disk = <P::Client as Node>::Disk::default();
        Hand::<P> {
            me,
            run,
            sets: protocol.takes_sets(),
            client: protocol.client(client, &disk),
            disk,
            epoch: Epoch::of_the_machine(),
            clocks: NodeClocks::default(),
            chance: Chance::new(fresh_number(), &"by hand"),
            timers: BTreeMap::new(),
            outgoing,
            tell,
        }
        .run(letters, commands)
        .await;
        Ok(())
    }))
}

/// A client of the protocol with a person in the place of the application.
struct Hand<P: Portable> {
    me: NodeId,
    run: u64,
    sets: bool,
    client: P::Client,
    disk: <P::Client as Node>::Disk,
    epoch: Epoch,
    clocks: NodeClocks,
    chance: Chance,
    timers: BTreeMap<<P::Client as Node>::Timer, (Clock, Reading)>,
    outgoing: Outgoing<NodeId>,
    tell: Rc<dyn Fn(&str)>,
}

impl<P: Portable> Hand<P> {
    async fn run(
        mut self,
        mut letters: mpsc::Receiver<(NodeId, P::Message)>,
        mut commands: mpsc::UnboundedReceiver<String>,
    ) {
        // A life that this client never had: nothing of an earlier one is known here.
        let now = self.epoch.moment().wall.0 / 1_000_000_000;
        self.step(Input::Started(Incarnation(u32::try_from(now).unwrap_or(u32::MAX))));
        loop {
            let now = self.epoch.moment();
            let until = |(clock, at): &(Clock, Reading)| self.clocks.until(*clock, *at, now);
            let next = self.timers.iter().filter_map(|(timer, at)| Some((until(at)?, timer)));
            let next = next.min().map(|(wait, timer)| (wait, timer.clone()));
            let wait = next.as_ref().map_or(Duration::from_secs(3600), |(wait, _)| *wait);
            tokio::select! {
                biased;
                () = tokio::time::sleep(wait) => if let Some((_, timer)) = next {
                    self.timers.remove(&timer);
                    self.step(Input::Fired(timer));
                },
                letter = letters.recv() => match letter {
                    Some((from, body)) => self.step(Input::Message { from, body }),
                    None => return,
                },
                line = commands.recv() => match line.as_deref().map(str::trim) {
                    None | Some("quit") => return,
                    Some(line) => self.obey(line),
                },
            }
            tokio::task::yield_now().await;
        }
    }

    fn obey(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let numbers = |words: &[&str]| -> Option<Vec<LockId>> {
            let number = |word: &&str| word.trim_start_matches('L').parse().ok().filter(|n| *n > 0);
            words.iter().map(|word| number(word).map(LockId)).collect()
        };
        match words.split_first().map(|(verb, rest)| (*verb, numbers(rest))) {
            None => {}
            Some(("acquire", Some(locks)))
                if locks.len() == 1 || (self.sets && locks.len() > 1) =>
            {
                self.step(Input::Command(Command::Acquire { locks: locks.into_iter().collect() }));
            }
            Some(("release", Some(locks))) if locks.len() == 1 => {
                self.step(Input::Command(Command::Release { lock: locks[0] }));
            }
            Some(_) => (self.tell)("say `acquire 1`, `release 1` or `quit`"),
        }
    }

    fn step(&mut self, input: InputOf<P::Client>) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut fx = Effects::<P::Client>::default();
            self.client.step(input, &mut fx);
            let effects: Vec<_> = fx.drain().collect();
            for effect in effects {
                match effect {
                    Effect::Send { to, body } => {
                        let envelope = Envelope {
                            from: self.me,
                            to,
                            sent: self.epoch.time(),
                            body: Packet::Lock(body),
                        };
                        self.outgoing.send(&to, frame::enclose(self.run, &envelope));
                    }
                    Effect::Arm { timer, clock, when } => self.arm(timer, clock, when),
                    Effect::Disarm(timer) => drop(self.timers.remove(&timer)),
                    Effect::Write(change) => self.disk.apply(change),
                    Effect::Sync => {}
                    Effect::ReadClock(clock) => {
                        let reading = self.clocks.read(clock, self.epoch.moment());
                        inputs.push_back(Input::Clock(clock, reading));
                    }
                    Effect::Draw(choices) => {
                        let drawn = self.chance.below(u64::from(choices));
                        inputs.push_back(Input::Drawn(u32::try_from(drawn).unwrap_or(0)));
                    }
                    Effect::Notify(Event::Lock(event)) => (self.tell)(&said(event)),
                    Effect::Notify(_) => {}
                }
            }
        }
    }

    fn arm(&mut self, timer: <P::Client as Node>::Timer, clock: Clock, when: When) {
        let deadline = match when {
            When::At(reading) => reading,
            When::After(span) => {
                let after = self.chance.duration(span.shortest, span.longest);
                self.clocks.read(clock, self.epoch.moment()) + after
            }
        };
        self.timers.insert(timer, (clock, deadline));
    }
}

/// What a server tells a person, if the event is for persons.
pub(super) fn told(event: &Event) -> Option<String> {
    // Lives started by hand are numbered by the time of day: too long to read.
    Some(match event {
        Event::Lease(LeaseEvent::Granted { lock, owner, lease }) => {
            let lease = lease.map(|lease| format!(" for {}", span(lease))).unwrap_or_default();
            format!("{lock} goes to {}{lease}", owner.client)
        }
        Event::Lease(LeaseEvent::Renewed { lock, owner, .. }) => {
            format!("{lock} stays with {}: the lease counts anew", owner.client)
        }
        Event::Lease(LeaseEvent::Released { lock, owner, by }) => {
            format!("{lock} is free: {} asked for it; it was with {}", by.client, owner.client)
        }
        Event::Lease(LeaseEvent::Expired { lock, owner }) => {
            format!("{lock} is free: the lease of {} ran out", owner.client)
        }
        _ => return None,
    })
}

/// What a server or a client tells a person of what it refused.
pub(super) fn refused(times: u64, why: &Refusal) -> String {
    let also = match why {
        Refusal::OtherRun => " (do all say the same lock, servers and port?)",
        _ => "",
    };
    format!("refused what came in here, {times} times so far; the last because {why}{also}")
}

/// What a client tells a person.
fn said(event: LockEvent) -> String {
    match event {
        LockEvent::Granted { lock, token: Some(token) } => {
            format!("{lock} is yours, with token {token}")
        }
        LockEvent::Granted { lock, token: None } => format!("{lock} is yours"),
        LockEvent::Refused { lock, definite: true } => format!("{lock} is not yours"),
        LockEvent::Refused { lock, definite: false } => {
            format!("{lock} is not yours, as far as anybody knows")
        }
        LockEvent::Lost { lock } => format!("{lock} is LOST: it is no longer yours"),
        LockEvent::Released { lock, outcome: Ending::Done } => format!("{lock} is given back"),
        LockEvent::Released { lock, outcome: Ending::Failed } => {
            format!("{lock} was not yours any more")
        }
        LockEvent::Released { lock, outcome: Ending::Unknown } => {
            format!("{lock} may or may not be free again: nobody knows")
        }
    }
}
