//! This simulator: servers that know nothing of locks, and all monitors all the same.

use super::{DELAY, EVERY, NODES, SIMULATED};
use locklab_protocols::prelude::*;
use locklab_sim::network::{Delay, Network};
use locklab_sim::{Plan, Record};
use std::hint::black_box;

/// Five servers that keep in touch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Touch;

/// What they say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Message {
    Beat,
    Answer,
}

/// The one timer of a server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Beats;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Server {
    id: ServerId,
    heard: u64,
}

/// There is none.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Nobody;

impl Node for Server {
    type Message = Message;
    type Timer = Beats;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(_) => fx.arm(Beats, Clock::Monotonic, EVERY),
            Input::Fired(Beats) => {
                for other in (0..NODES).map(ServerId::at).filter(|other| *other != self.id) {
                    fx.send(other, Message::Beat);
                }
                fx.arm(Beats, Clock::Monotonic, EVERY);
            }
            Input::Message { from, body: Message::Beat } => {
                self.heard += 1;
                fx.send(from, Message::Answer);
            }
            Input::Message { body: Message::Answer, .. } => self.heard += 1,
            _ => {}
        }
    }
}

impl Node for Nobody {
    type Message = Message;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, _: InputOf<Self>, _: &mut Effects<Self>) {}
}

impl Protocol for Touch {
    type Message = Message;
    type Server = Server;
    type Client = Nobody;

    fn name(&self) -> &'static str {
        "touch"
    }

    fn servers(&self) -> usize {
        NODES
    }

    fn server(&self, id: ServerId, (): &()) -> Server {
        Server { id, heard: 0 }
    }

    fn client(&self, _: ClientId, (): &()) -> Nobody {
        Nobody
    }

    fn owners(&self, _: Servers<'_, Self>, _: LockId) -> Vec<Owner> {
        Vec::new()
    }
}

/// One run; how many messages arrived.
pub(crate) fn run(seed: u64) -> u64 {
    let plan = Plan {
        clients: 0,
        network: Network {
            delay: Delay::Uniform(
                Duration::from_millis(*DELAY.start()),
                Duration::from_millis(*DELAY.end()),
            ),
            ..Network::default()
        },
        heal_at: SIMULATED,
        settle: Duration::ZERO,
        ..Plan::default()
    };
    let outcome = locklab_sim::run(&Touch, &plan, seed, Record::Nothing);
    black_box(outcome.hash);
    // Those that were sent and had not arrived at the end are a handful.
    outcome.measures.messages
}
