//! A server that stays away after a restart.

use super::super::message::{RedisCommand, Value};
use super::super::testing::words;
use super::*;
use crate::id::{ClientId, LockId};

#[test]
fn it_stays_away_from_its_second_life_on_and_comes_back() {
    let second = Duration::from_secs(1);
    for (delay, life, away) in [(second, 1, false), (second, 2, true), (Duration::ZERO, 2, false)] {
        let mut server = Redis::new(&Settings::default(), &Keys::default()).delayed(delay);
        let mut step = |input| {
            let mut fx = Effects::<Redis>::default();
            server.step(input, &mut fx);
            words(&fx)
        };
        let value = Value { owner: Owner::first(ClientId(1)), serial: 1 };
        let request = Request { lock: LockId(1), value, command: RedisCommand::DelIfMine };
        let ask = || {
            let body = Message::Request(request);
            Input::Message { from: NodeId::Client(ClientId(1)), body }
        };
        step(Input::Started(Incarnation(life)));
        let answer = ["Deleted(false)".to_owned()];
        assert_eq!(step(ask()), answer[usize::from(away)..], "{delay:?}, life {life}");
        step(Input::Fired(RedisTimer::Return));
        assert_eq!(step(ask()), answer);
    }
}
