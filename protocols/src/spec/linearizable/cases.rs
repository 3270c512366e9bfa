//! Histories by hand, for the tests of this module: one operation a line, times in milliseconds.
//!
//! ```text
//! c1 acquire 0..3 ok 7
//! c2 acquire 1.. unknown
//! ```

use super::history::{Action, History, Operation, Outcome};
use super::{Answer, Budget, Semantics, check, check_by_search};
use crate::id::{ClientId, Incarnation, LockId, Owner, Token};

/// The first life of a client.
pub(super) fn owner(client: u32) -> Owner {
    Owner { client: ClientId(client), incarnation: Incarnation(1) }
}

/// The history that the lines tell.
pub(super) fn history(text: &str) -> History {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    History { operations: lines.map(operation).collect() }
}

fn operation(line: &str) -> Operation {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (called, returned) = words[2].split_once("..").expect("a span of time");
    let millis = |number: &str| number.parse::<u64>().ok().map(|millis| millis * 1_000_000);
    let token = words.get(4).map(|token| Token(token.parse().expect("a token")));
    Operation {
        process: owner(words[0].trim_start_matches('c').parse().expect("a client")),
        lock: LockId(1),
        action: match words[1] {
            "acquire" => Action::Acquire,
            "release" => Action::Release,
            "lease-ended" => Action::LeaseEnded,
            other => panic!("{other} is no action"),
        },
        called: millis(called).expect("a time"),
        returned: millis(returned),
        outcome: match words[3] {
            "ok" => Outcome::Ok(token),
            "fail" => Outcome::Fail,
            "unknown" => Outcome::Unknown,
            other => panic!("{other} is no outcome"),
        },
    }
}

/// What both ways of checking say, which must be the same.
pub(super) fn answer(text: &str, semantics: Semantics) -> Answer {
    let history = history(text);
    let answer = check(&history, semantics, Budget::default());
    assert_eq!(answer, check_by_search(&history, semantics, Budget::default()), "{text}");
    answer
}

/// Asserts that the history fits.
pub(super) fn fits(text: &str, semantics: Semantics) {
    assert_eq!(answer(text, semantics), Answer::Fits, "{text}");
}

/// The length of the shortest prefix that does not fit, and the reason.
pub(super) fn broken(text: &str, semantics: Semantics) -> (usize, String) {
    match answer(text, semantics) {
        Answer::Broken { prefix, reason, .. } => (prefix, reason),
        other => panic!("{other:?}\n{text}"),
    }
}
