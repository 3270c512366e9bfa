//! The stage: machines, messages on their way, armed timers and wall clocks, moved by hand.

use super::cast::{Shown, duration};
use super::words::{Todo, name, node, print};
use crate::contract::{Effect, EffectList};
use crate::prelude::*;
use crate::system::Machine;
use std::fmt::Write;

/// Something that can play commands.
pub(crate) trait Play {
    /// Plays one command and adds what it prints.
    fn play(&mut self, words: &[&str], out: &mut String) -> Result<(), String>;
}

/// A message on its way.
#[derive(Clone)]
struct Letter<M> {
    from: NodeId,
    to: NodeId,
    body: M,
}

/// The lock that a transcript is about when it names none.
const LOCK: LockId = LockId(1);

pub(crate) struct Stage<P: Protocol> {
    protocol: P,
    servers: Vec<Machine<P::Server>>,
    clients: Vec<Machine<P::Client>>,
    letters: BTreeMap<usize, Letter<P::Message>>,
    sent: usize,
    /// Armed timers, by what they are called.
    server_timers: BTreeMap<(NodeId, String), <P::Server as Node>::Timer>,
    client_timers: BTreeMap<(NodeId, String), <P::Client as Node>::Timer>,
    clocks: BTreeMap<NodeId, Reading>,
}

impl<P: Shown> Stage<P> {
    /// All machines are up; what they send to each other at the start has arrived.
    pub(crate) fn new(protocol: P, clients: usize) -> Self {
        let mut stage = Self {
            servers: (0..protocol.servers()).map(|_| Machine::default()).collect(),
            clients: (0..clients).map(|_| Machine::default()).collect(),
            protocol,
            letters: BTreeMap::new(),
            sent: 0,
            server_timers: BTreeMap::new(),
            client_timers: BTreeMap::new(),
            clocks: BTreeMap::new(),
        };
        let mut quiet = String::new();
        for index in 0..stage.servers.len() {
            stage.start(ServerId::at(index).into(), &mut quiet);
        }
        for index in 0..clients {
            stage.start(ClientId::at(index).into(), &mut quiet);
        }
        stage.settle(&mut quiet);
        stage.sent = 0;
        stage
    }

    fn start(&mut self, node: NodeId, out: &mut String) {
        match node {
            NodeId::Server(id) => {
                let machine = &mut self.servers[id.index()];
                let life = machine.start(|disk| self.protocol.server(id, disk));
                self.step_server(id, Input::Started(life), out);
            }
            NodeId::Client(id) => {
                let machine = &mut self.clients[id.index()];
                let life = machine.start(|disk| self.protocol.client(id, disk));
                self.step_client(id, Input::Started(life), out);
            }
            NodeId::Storage => {}
        }
    }

    fn step_server(&mut self, id: ServerId, input: InputOf<P::Server>, out: &mut String) {
        let node = NodeId::Server(id);
        let mut fx = Effects::<P::Server>::default();
        let Some(server) = self.servers[id.index()].node_mut() else {
            return;
        };
        server.step(input, &mut fx);
        for effect in take(&mut fx) {
            match print(node, effect, self.sent + 1, out) {
                Todo::Send(to, body) => self.post(node, to, body),
                Todo::Arm(timer) => {
                    self.server_timers.insert((node, name(&timer)), timer);
                }
                Todo::Disarm(timer) => {
                    self.server_timers.remove(&(node, name(&timer)));
                }
                Todo::Write(change) => self.servers[id.index()].write(change),
                Todo::Sync => self.servers[id.index()].sync(),
                Todo::Read(clock) => {
                    let reading = self.clocks.get(&node).copied().unwrap_or_default();
                    let shown = Duration::from_nanos(reading.0);
                    let _ = writeln!(out, "{node} reads its {clock:?} clock: {shown:?}");
                    self.step_server(id, Input::Clock(clock, reading), out);
                }
                Todo::Nothing => {}
            }
        }
    }

    fn step_client(&mut self, id: ClientId, input: InputOf<P::Client>, out: &mut String) {
        let node = NodeId::Client(id);
        let mut fx = Effects::<P::Client>::default();
        let Some(client) = self.clients[id.index()].node_mut() else {
            return;
        };
        client.step(input, &mut fx);
        for effect in take(&mut fx) {
            match print(node, effect, self.sent + 1, out) {
                Todo::Send(to, body) => self.post(node, to, body),
                Todo::Arm(timer) => {
                    self.client_timers.insert((node, name(&timer)), timer);
                }
                Todo::Disarm(timer) => {
                    self.client_timers.remove(&(node, name(&timer)));
                }
                Todo::Write(change) => self.clients[id.index()].write(change),
                Todo::Sync => self.clients[id.index()].sync(),
                Todo::Read(_) | Todo::Nothing => {}
            }
        }
    }

    fn post(&mut self, from: NodeId, to: NodeId, body: P::Message) {
        self.sent += 1;
        self.letters.insert(self.sent, Letter { from, to, body });
    }

    fn deliver(&mut self, number: usize, out: &mut String) {
        let Some(Letter { from, to, body }) = self.letters.remove(&number) else {
            return;
        };
        match to {
            NodeId::Server(id) => self.step_server(id, Input::Message { from, body }, out),
            NodeId::Client(id) => self.step_client(id, Input::Message { from, body }, out),
            NodeId::Storage => {}
        }
    }

    fn settle(&mut self, out: &mut String) {
        while let Some(number) = self.letters.keys().next().copied() {
            self.deliver(number, out);
        }
    }

    /// The messages that are meant by `1` or by `c1-s1`.
    fn meant(&self, words: &[&str]) -> Result<Vec<usize>, String> {
        let mut meant = Vec::new();
        for word in words {
            if let Some((from, to)) = word.split_once('-') {
                let (from, to) = (node(from)?, node(to)?);
                let on_link = |letter: &Letter<P::Message>| letter.from == from && letter.to == to;
                let letters = self.letters.iter();
                meant.extend(letters.filter(|(_, letter)| on_link(letter)).map(|(n, _)| *n));
            } else {
                let number = word.parse().map_err(|_| format!("no message {word}"))?;
                if !self.letters.contains_key(&number) {
                    return Err(format!("message {number} is not on its way"));
                }
                meant.push(number);
            }
        }
        Ok(meant)
    }

    fn fire(&mut self, node: NodeId, word: &str, out: &mut String) -> Result<(), String> {
        let armed = self.armed(node);
        let mut named = armed.iter().filter(|name| name.starts_with(word));
        let (Some(name), None) = (named.next(), named.next()) else {
            return Err(format!("armed are {}", armed.join(", ")));
        };
        let key = (node, name.clone());
        match node {
            NodeId::Server(id) => {
                if let Some(timer) = self.server_timers.remove(&key) {
                    self.step_server(id, Input::Fired(timer), out);
                }
            }
            NodeId::Client(id) => {
                if let Some(timer) = self.client_timers.remove(&key) {
                    self.step_client(id, Input::Fired(timer), out);
                }
            }
            NodeId::Storage => {}
        }
        Ok(())
    }

    fn armed(&self, node: NodeId) -> Vec<String> {
        let servers = self.server_timers.keys();
        let names = servers.chain(self.client_timers.keys());
        let names = names.filter(|(of, _)| *of == node);
        names.map(|(_, name)| name.clone()).collect()
    }

    fn crash(&mut self, node: NodeId) {
        self.server_timers.retain(|(of, _), _| *of != node);
        self.client_timers.retain(|(of, _), _| *of != node);
        match node {
            NodeId::Server(id) => self.servers[id.index()].crash(),
            NodeId::Client(id) => self.clients[id.index()].crash(),
            NodeId::Storage => {}
        }
    }

    fn restart(&mut self, node: NodeId, disk: &str, out: &mut String) -> Result<(), String> {
        if let NodeId::Server(id) = node {
            let machine = &mut self.servers[id.index()];
            match disk {
                "kept" => {}
                "unsynced-lost" => {
                    let lost = machine.lose_unsynced();
                    let _ = writeln!(out, "{node} lost {lost} writes");
                }
                "wiped" => {
                    machine.wipe();
                }
                _ => return Err(format!("no disk is {disk}")),
            }
        }
        self.start(node, out);
        Ok(())
    }

    fn state(&self, node: NodeId) -> String {
        let known = match node {
            NodeId::Server(id) => self.servers[id.index()].node().map(P::show_server),
            NodeId::Client(id) => self.clients[id.index()].node().map(P::show_client),
            NodeId::Storage => None,
        };
        let known = known.unwrap_or_else(|| "down".to_owned());
        format!("{node}: {known} [{}]", self.armed(node).join(", "))
    }

    fn owners(&self, lock: LockId) -> String {
        let servers = Servers::<P>::new(&self.servers);
        let owners = self.protocol.owners(servers, lock);
        let owners: Vec<_> = owners.iter().map(ToString::to_string).collect();
        format!("{lock} is owned by [{}]", owners.join(", "))
    }
}

impl<P: Shown> Play for Stage<P> {
    fn play(&mut self, words: &[&str], out: &mut String) -> Result<(), String> {
        match *words {
            [verb @ ("acquire" | "release"), word, ref locks @ ..] => {
                let NodeId::Client(id) = node(word)? else {
                    return Err("only clients do".to_owned());
                };
                let named = locks.iter().map(|word| lock(word)).collect::<Result<Vec<_>, _>>()?;
                let locks = if named.is_empty() { vec![LOCK] } else { named };
                if verb == "acquire" {
                    let locks = locks.into_iter().collect();
                    self.step_client(id, Input::Command(Command::Acquire { locks }), out);
                } else {
                    for lock in locks {
                        self.step_client(id, Input::Command(Command::Release { lock }), out);
                    }
                }
            }
            ["deliver", ref letters @ ..] => {
                for number in self.meant(letters)? {
                    self.deliver(number, out);
                }
            }
            ["drop", ref letters @ ..] => {
                for number in self.meant(letters)? {
                    self.letters.remove(&number);
                }
            }
            ["duplicate", ref letters @ ..] => {
                for number in self.meant(letters)? {
                    let Letter { from, to, body } = self.letters[&number].clone();
                    let _ = writeln!(out, "{}: {from} -> {to}: {body}", self.sent + 1);
                    self.post(from, to, body);
                }
            }
            ["settle"] => self.settle(out),
            ["fire", word, ref timer @ ..] => self.fire(node(word)?, &timer.join(" "), out)?,
            ["crash", word] => self.crash(node(word)?),
            ["restart", word] => self.restart(node(word)?, "kept", out)?,
            ["restart", word, disk] => self.restart(node(word)?, disk, out)?,
            ["disk", word, ref contents @ ..] => {
                let NodeId::Server(id) = node(word)? else {
                    return Err("only servers have".to_owned());
                };
                self.crash(id.into());
                for change in P::disk(contents)? {
                    self.servers[id.index()].write(change);
                }
                self.servers[id.index()].sync();
                self.start(id.into(), out);
            }
            ["query", client, server] => {
                let body = P::query(LOCK).ok_or("this lock has no queries")?;
                let _ = writeln!(out, "{}: {client} -> {server}: {body}", self.sent + 1);
                self.post(node(client)?, node(server)?, body);
                self.deliver(self.sent, out);
            }
            ["clock", word, shows] => {
                let reading = Reading::default() + duration(shows)?;
                self.clocks.insert(node(word)?, reading);
            }
            ["state", ref words @ ..] => {
                for word in words {
                    let _ = writeln!(out, "{}", self.state(node(word)?));
                }
            }
            ["owners"] => {
                let _ = writeln!(out, "{}", self.owners(LOCK));
            }
            ["owners", word] => {
                let _ = writeln!(out, "{}", self.owners(lock(word)?));
            }
            _ => return Err("no such command".to_owned()),
        }
        Ok(())
    }
}

/// A lock like `L2`.
fn lock(word: &str) -> Result<LockId, String> {
    let number = word.strip_prefix('L').and_then(|digits| digits.parse().ok());
    number.map(LockId).ok_or_else(|| format!("no lock {word}"))
}

fn take<M, T, C>(fx: &mut EffectList<M, T, C>) -> Vec<Effect<M, T, C>> {
    fx.drain().collect()
}
