//! What Redis-like servers and their clients say, in words.

use super::message::Message;
use crate::contract::{Effect, EffectList, Event};

/// The messages that it sends and what it tells its application, in order; requests as Redis has
/// them, answers and events as they are.
pub(super) fn words<T, C>(fx: &EffectList<Message, T, C>) -> Vec<String> {
    let words = fx.as_slice().iter().filter_map(|effect| match effect {
        Effect::Send { body: Message::Request(request), .. } => Some(request.to_string()),
        Effect::Send { body: Message::Reply(reply), .. } => Some(format!("{:?}", reply.answer)),
        Effect::Notify(Event::Lock(event)) => Some(format!("{event:?}")),
        _ => None,
    });
    words.collect()
}
