//! Two servers that throw a ball to each other: each step is a message that arrives, and each sends
//! the next one, so that nothing but the delivery of messages is in the run.

use super::plan;
use locklab_protocols::prelude::*;
use locklab_sim::{Plan, Record, run};
use std::hint::black_box;

/// The two.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Players;

/// What they throw.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Ball;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Player {
    id: ServerId,
}

/// There is none.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Nobody;

impl Node for Player {
    type Message = Ball;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            // The second is up before the ball arrives.
            Input::Started(_) if self.id == ServerId(1) => fx.send(ServerId(2), Ball),
            Input::Message { from, body } => fx.send(from, body),
            _ => {}
        }
    }
}

impl Node for Nobody {
    type Message = Ball;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, _: InputOf<Self>, _: &mut Effects<Self>) {}
}

impl Protocol for Players {
    type Message = Ball;
    type Server = Player;
    type Client = Nobody;

    fn name(&self) -> &'static str {
        "ball"
    }

    fn servers(&self) -> usize {
        2
    }

    fn server(&self, id: ServerId, (): &()) -> Player {
        Player { id }
    }

    fn client(&self, _: ClientId, (): &()) -> Nobody {
        Nobody
    }

    fn owners(&self, _: Servers<'_, Self>, _: LockId) -> Vec<Owner> {
        Vec::new()
    }
}

/// So many seconds of play; how many messages arrived, but for three starts.
pub(crate) fn deliveries(seconds: u64) -> u64 {
    let plan = Plan { clients: 0, ..plan(seconds) };
    let outcome = run(&Players, black_box(&plan), 1, Record::Nothing);
    black_box(outcome.hash);
    outcome.steps
}
