//! Wishes and attempts for tests, and what nodes say of them.

use super::message::{Age, AttemptId, Message, Preparation, Request, Tokens};
use crate::contract::{Effect, EffectList, Event};
use crate::id::{ClientId, Incarnation, LockId, Owner, ServerId, Token};

/// An attempt of the first coordinator in its first life.
pub(super) fn attempt(number: u32) -> AttemptId {
    AttemptId { coordinator: ServerId(1), life: Incarnation(1), number }
}

/// A request of this client.
pub(super) fn request(client: u32, number: u32) -> Request {
    Request { owner: Owner::first(ClientId(client)), number }
}

/// The token 7 for the first lock.
pub(super) fn tokens() -> Tokens {
    Tokens::from([(LockId(1), Token(7))])
}

/// An attempt for the first lock, for a wish of this client and age.
pub(super) fn preparation(number: u32, client: u32, age: u64) -> Preparation {
    let request = request(client, number);
    Preparation {
        attempt: attempt(number),
        request,
        age: Age { count: age, owner: request.owner },
        locks: vec![LockId(1)],
        floor: attempt(1),
    }
}

/// The messages that it sends, with the receiver of each, and what it tells its application.
pub(super) fn words<T, C>(fx: &EffectList<Message, T, C>) -> Vec<String> {
    let words = fx.as_slice().iter().filter_map(|effect| match effect {
        Effect::Send { to, body } => Some(format!("to {to}: {body}")),
        Effect::Notify(Event::Lock(event)) => Some(format!("{event:?}")),
        _ => None,
    });
    words.collect()
}
