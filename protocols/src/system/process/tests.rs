//! A client and an application that both ask for numbers.

use super::*;
use crate::contract::says::Idle;
use crate::prelude::*;

/// A protocol whose client asks for a number when it starts, and tells which it got.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Draws;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Drawer;

impl Node for Drawer {
    type Message = Never;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(_) => fx.draw(7),
            Input::Drawn(draw) => fx.notify(LockEvent::Lost { lock: LockId(draw) }),
            _ => {}
        }
    }
}

impl Protocol for Draws {
    type Message = Never;
    type Server = Idle;
    type Client = Drawer;

    fn name(&self) -> &'static str {
        "draws"
    }

    fn server(&self, _: ServerId, (): &()) -> Idle {
        Idle
    }

    fn client(&self, _: ClientId, (): &()) -> Drawer {
        Drawer
    }

    fn owners(&self, _: Servers<'_, Self>, _: LockId) -> Vec<Owner> {
        Vec::new()
    }
}

#[test]
fn numbers_come_to_whom_asked_in_the_order_of_the_questions() {
    let workload = Arc::new(Workload { locks: 3, ..Workload::default() });
    let mut process = ClientProcess::<Draws>::new(ClientId(1), Drawer, workload, false);
    let mut step = |input| {
        let mut fx = Effects::<ClientProcess<Draws>>::default();
        process.step(input, &mut fx);
        let said = fx.as_slice().iter().filter_map(|effect| match effect {
            Effect::Draw(choices) => Some(format!("draws below {choices}")),
            Effect::Notify(event) => Some(format!("{event:?}")),
            _ => None,
        });
        said.collect::<Vec<String>>()
    };
    assert_eq!(step(Input::Started(Incarnation(1))), ["draws below 7"]);
    let begin = ClientTimer::Application(AppTimer::Begin);
    assert_eq!(step(Input::Fired(begin)), ["draws below 3"]);
    assert_eq!(step(Input::Drawn(5)), ["Lock(Lost { lock: LockId(5) })"], "the client's");
    let asks = ["Work(Acquires { lock: LockId(2) })"];
    assert_eq!(step(Input::Drawn(1)), asks, "the application's");
    assert_eq!(step(Input::Drawn(1)), Vec::<String>::new(), "nobody asked");
}
