//! A lock of one's own joins the suite in one line, and the suite finds its flaws: this one is
//! the smallest lock of the contract's page, whose dead owner keeps it for ever and whose server
//! begins to count its tokens anew after a crash.

use locklab_protocols::prelude::*;
use locklab_scenarios::catalogue;
use locklab_scenarios::judge::{Cell, Judgement};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::suite::{Comparison, compare};
use std::sync::atomic::AtomicBool;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Toy;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Message {
    Ask(LockId, Owner),
    Grant(LockId, Token),
    Return(LockId, Owner),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Server {
    owners: BTreeMap<LockId, Owner>,
    waiting: Vec<(LockId, Owner)>,
    grants: Token,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Client {
    me: Owner,
}

impl Node for Server {
    type Message = Message;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Message { body: Message::Ask(lock, owner), .. } => {
                self.waiting.push((lock, owner));
            }
            Input::Message { body: Message::Return(lock, owner), .. }
                if self.owners.get(&lock) == Some(&owner) =>
            {
                self.owners.remove(&lock);
            }
            _ => {}
        }
        for (lock, owner) in std::mem::take(&mut self.waiting) {
            if self.owners.contains_key(&lock) {
                self.waiting.push((lock, owner));
                continue;
            }
            self.owners.insert(lock, owner);
            self.grants = self.grants.next();
            fx.send(owner.client, Message::Grant(lock, self.grants));
        }
    }
}

impl Node for Client {
    type Message = Message;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(incarnation) => self.me.incarnation = incarnation,
            Input::Command(Command::Acquire { locks }) => {
                fx.send(ServerId(1), Message::Ask(locks.only(), self.me));
            }
            Input::Command(Command::Release { lock }) => {
                fx.send(ServerId(1), Message::Return(lock, self.me));
                fx.notify(LockEvent::Released { lock, outcome: Ending::Done });
            }
            Input::Message { body: Message::Grant(lock, token), .. } => {
                fx.notify(LockEvent::Granted { lock, token: Some(token) });
            }
            _ => {}
        }
    }
}

impl Protocol for Toy {
    type Message = Message;
    type Server = Server;
    type Client = Client;

    fn name(&self) -> &'static str {
        "toy"
    }

    fn server(&self, _: ServerId, (): &()) -> Server {
        Server::default()
    }

    fn client(&self, id: ClientId, (): &()) -> Client {
        Client { me: Owner::first(id) }
    }

    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        servers.live().filter_map(|(_, server)| server.owners.get(&lock).copied()).collect()
    }

    fn semantics(&self) -> Semantics {
        Semantics { fenced: true, ..Semantics::default() }
    }
}

fn meets(names: &[&str]) -> Comparison {
    let scenarios: Vec<_> =
        names.iter().map(|name| catalogue::find(name).expect("it is there")).collect();
    let contestants = Contestants::none().with(Toy);
    compare(&contestants, &scenarios, 0..5, &|_| {}, &AtomicBool::new(false))
}

fn cell<'a>(found: &'a Comparison, scenario: &str, guarantee: Guarantee) -> &'a Cell {
    let mut cells = found.cells.iter();
    let cell = cells.find(|cell| cell.scenario == scenario && cell.guarantee == guarantee);
    cell.expect("the suite looked at it")
}

#[test]
fn in_calm_weather_it_is_a_lock() {
    let found = meets(&["calm"]);
    for guarantee in [Guarantee::MutualExclusion, Guarantee::TokenOrder, Guarantee::Progress] {
        assert_eq!(cell(&found, "calm", guarantee).verdict, Judgement::Held, "{guarantee}");
    }
}

#[test]
fn its_dead_owner_keeps_it_for_ever() {
    let found = meets(&["holder-gone"]);
    let progress = cell(&found, "holder-gone", Guarantee::Progress);
    assert_eq!(progress.verdict, Judgement::Broken);
    assert_eq!(progress.broken_runs, 5);
    assert_eq!(progress.replay(), "cargo run --release -- run holder-gone --protocol toy --seed 0");
}

#[test]
fn it_repeats_its_tokens_after_a_crash_of_its_server() {
    let found = meets(&["server-crash"]);
    let tokens = cell(&found, "server-crash", Guarantee::TokenOrder);
    assert_eq!(tokens.verdict, Judgement::Broken, "{}", tokens.reason);
}

#[test]
fn it_stands_beside_the_locks_on_the_shelf() {
    let contestants = Contestants::shelf().with(Toy);
    assert_eq!(contestants.names().last(), Some(&"toy"));
}
