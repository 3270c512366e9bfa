//! The words in which a transcript tells what happens.

use crate::contract::{Doubt, Effect, Event, Milestone, QueueEntry, When};
use crate::prelude::*;
use std::fmt::{Debug, Display, Write};

/// What an effect asks of the stage, besides what it prints.
pub(crate) enum Todo<M, T, C> {
    Send(NodeId, M),
    Arm(T),
    Disarm(T),
    Write(C),
    Sync,
    Read(Clock),
    Nothing,
}

/// Prints an effect, and says what is to be done about it.
pub(crate) fn print<M: Display, T: Debug, C>(
    node: NodeId,
    effect: Effect<M, T, C>,
    number: usize,
    out: &mut String,
) -> Todo<M, T, C> {
    let (line, todo) = match effect {
        Effect::Send { to, body } => {
            (format!("{number}: {node} -> {to}: {body}"), Todo::Send(to, body))
        }
        Effect::Arm { timer, when, .. } => {
            let line = format!("{node} arms {}, {}", name(&timer), due(when));
            (line, Todo::Arm(timer))
        }
        Effect::Write(change) => (format!("{node} writes"), Todo::Write(change)),
        Effect::Sync => (format!("{node} syncs"), Todo::Sync),
        Effect::Notify(Event::Lock(event)) => (format!("{node}: {}", told(event)), Todo::Nothing),
        Effect::Notify(Event::Lease(event)) => (format!("{node}: {}", lease(event)), Todo::Nothing),
        Effect::Notify(Event::Milestone(Milestone::InDoubt)) => {
            (format!("{node} is in doubt"), Todo::Nothing)
        }
        Effect::Notify(Event::Milestone(Milestone::Began)) => {
            (format!("{node} has begun"), Todo::Nothing)
        }
        Effect::Notify(Event::Milestone(milestone)) => {
            let milestone = format!("{milestone:?}").to_lowercase();
            (format!("{node} has {milestone}"), Todo::Nothing)
        }
        Effect::Notify(Event::Queue(line)) => (format!("{node}: {}", waits(&line)), Todo::Nothing),
        Effect::Notify(Event::Doubts(doubts)) => {
            let doubts: Vec<_> = doubts.iter().map(kept).collect();
            (format!("{node} keeps, in doubt: {}", or_nothing(&doubts)), Todo::Nothing)
        }
        Effect::Notify(event) => (format!("{node}: {event:?}"), Todo::Nothing),
        Effect::Disarm(timer) => return Todo::Disarm(timer),
        Effect::ReadClock(clock) => return Todo::Read(clock),
        Effect::Draw(choices) => (format!("{node} draws below {choices}"), Todo::Nothing),
    };
    let _ = writeln!(out, "{line}");
    todo
}

fn or_nothing(parts: &[String]) -> String {
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// Who stands in line.
fn waits(line: &[QueueEntry]) -> String {
    let waits = line.iter().map(|QueueEntry { waiter, lock, holder }| {
        format!("{} waits for {lock}, which {} has", waiter.owner, holder.owner)
    });
    let waits: Vec<_> = waits.collect();
    if waits.is_empty() { "nobody waits".to_owned() } else { waits.join(", ") }
}

/// What is kept until somebody decides.
fn kept(Doubt { lock, owner, decides }: &Doubt) -> String {
    format!("{lock} for {owner} until {decides} decides")
}

/// What a client tells its application.
fn told(event: LockEvent) -> String {
    match event {
        LockEvent::Granted { lock, token } => match token {
            Some(token) => format!("granted {lock}, token {token}"),
            None => format!("granted {lock}"),
        },
        LockEvent::Refused { lock, definite: true } => format!("refused {lock}"),
        LockEvent::Refused { lock, .. } => format!("refused {lock}, perhaps"),
        LockEvent::Lost { lock } => format!("lost {lock}"),
        LockEvent::Released { lock, outcome } => format!("released {lock}: {outcome:?}"),
    }
}

/// What a server reports of its account.
fn lease(event: LeaseEvent) -> String {
    match event {
        LeaseEvent::Granted { lock, owner, lease } => match lease {
            Some(lease) => format!("{lock} is {owner}'s for {lease:?}"),
            None => format!("{lock} is {owner}'s without end"),
        },
        LeaseEvent::Renewed { lock, owner, .. } => format!("{lock} is renewed for {owner}"),
        LeaseEvent::Released { lock, owner, by } if owner == by => {
            format!("{lock} is freed by {owner}")
        }
        LeaseEvent::Released { lock, owner, by } => {
            format!("{lock} of {owner} is freed by {by}")
        }
        LeaseEvent::Expired { lock, owner } => format!("{lock} of {owner} expires"),
        LeaseEvent::Replaced { lock } => format!("the account of {lock} is another now"),
    }
}

fn due(when: When) -> String {
    match when {
        When::After(span) if span.shortest == span.longest => format!("in {:?}", span.longest),
        When::After(span) => format!("in {:?} to {:?}", span.shortest, span.longest),
        When::At(reading) => format!("at {:?}", Duration::from_nanos(reading.0)),
    }
}

/// What a timer is called: `Validity(L1, 1, 0)`.
pub(crate) fn name(timer: &impl Debug) -> String {
    let name = tidy(timer);
    match name.strip_prefix("Store(").and_then(|name| name.strip_suffix(')')) {
        Some(inner) => inner.to_owned(),
        None => name,
    }
}

/// A debug text with ids as people write them.
fn tidy(value: &impl Debug) -> String {
    let mut text = format!("{value:?}");
    for (long, short) in
        [("LockId(", "L"), ("ClientId(", "c"), ("Token(", ""), ("Incarnation(", "")]
    {
        while let Some(start) = text.find(long) {
            let end = start + text[start..].find(')').unwrap_or(0);
            let inner = text[start + long.len()..end].to_owned();
            text.replace_range(start..=end, &format!("{short}{inner}"));
        }
    }
    text
}

/// The node that is called so.
pub(crate) fn node(word: &str) -> Result<NodeId, String> {
    let unknown = || format!("no node {word}");
    let number = word.get(1..).and_then(|digits| digits.parse().ok());
    let number: u32 = number.ok_or_else(unknown)?;
    match word.as_bytes()[0] {
        b's' => Ok(ServerId(number).into()),
        b'c' => Ok(ClientId(number).into()),
        _ => Err(unknown()),
    }
}
