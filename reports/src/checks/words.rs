//! What a search says in words, and the moves of a run: what was seen of each, or else what it was.

use super::{Checked, Judged, Outcome};
use crate::terminal::many;
use locklab_models::{Step, What};
use locklab_protocols::contract::{
    Ending, Event, HostEvent, LeaseEvent, LockEvent, Observation, StorageEvent, WorkEvent,
};

impl Judged {
    /// What the search says, without how it breaks.
    pub fn word(&self) -> String {
        match self.verdict {
            Outcome::Exhausted => "exhausted".to_owned(),
            Outcome::Broken => format!("broken{}", after(self.story.len())),
            Outcome::Unknown => "unknown: the search stopped before its end".to_owned(),
        }
    }
}

impl Checked {
    /// By which bounds the search was cut, in words.
    pub fn cut(&self) -> String {
        if self.cuts.is_empty() {
            return "no bound cut the search".to_owned();
        }
        let cuts = self.cuts.iter().map(|cut| format!("{} {} times", cut.bound, cut.moves));
        format!("the search was cut by: {}", cuts.collect::<Vec<_>>().join(", "))
    }

    /// What the search says of a guarantee, in one line: nothing that was not proved reads as if
    /// it were.
    pub fn says(&self, judged: &Judged) -> String {
        let word = judged.word();
        match (judged.verdict, &judged.reason) {
            (_, Some(reason)) => format!("{word}: {reason}"),
            (Outcome::Exhausted, None) if !self.looked() => {
                format!("not proved: the search did not come by {}", self.unseen())
            }
            (_, None) => word,
        }
    }
}

/// After how many moves; nothing if that is not known.
pub(super) fn after(moves: usize) -> String {
    if moves == 0 { String::new() } else { format!(" after {}", many(moves, "move")) }
}

/// One line for each move.
pub(crate) fn moves(story: &[Step]) -> Vec<String> {
    story.iter().map(told).collect()
}

fn told(step: &Step) -> String {
    let seen: Vec<String> = step.seen.iter().filter_map(words).collect();
    match (&step.what, seen.is_empty()) {
        (what @ What::Died { .. }, false) => format!("{what}: {}", seen.join("; ")),
        (_, false) => seen.join("; "),
        (what, true) => what.to_string(),
    }
}

/// What was seen, in the words of a story; nothing for what follows from the rest.
fn words(seen: &Observation) -> Option<String> {
    let node = seen.node;
    Some(match &seen.event {
        Event::Lock(LockEvent::Granted { lock, token: Some(token) }) => {
            format!("{node} is granted {lock} with token {token}")
        }
        Event::Lock(LockEvent::Granted { lock, token: None }) => {
            format!("{node} is granted {lock}")
        }
        Event::Lock(LockEvent::Refused { lock, .. }) => format!("{node} is refused {lock}"),
        Event::Lock(LockEvent::Lost { lock }) => format!("{node} learns that it has lost {lock}"),
        Event::Lock(LockEvent::Released { lock, outcome: Ending::Done }) => {
            format!("{node} has given {lock} back")
        }
        Event::Work(WorkEvent::Acquires { lock }) => format!("{node} asks for {lock}"),
        Event::Work(WorkEvent::Checked { lock }) => {
            format!("{node} checks that it still holds {lock}, is about to write")
        }
        Event::Work(WorkEvent::Releases { lock }) => format!("{node} gives {lock} back"),
        Event::Lease(LeaseEvent::Expired { lock, owner }) => {
            format!("{node} ends the lease of {owner} on {lock}")
        }
        Event::Lease(LeaseEvent::Granted { lock, owner, .. }) => {
            format!("{node} gives {lock} to {owner}")
        }
        Event::Storage(StorageEvent::Read { lock, owner, version, .. }) => {
            format!("{node} answers the read of {lock} by {owner}: version {}", version.0)
        }
        Event::Storage(StorageEvent::Written { lock, owner, based_on, version, .. }) => {
            let (version, base) = (version.0, based_on.0);
            format!("{node} takes the write of {lock} by {owner} on {base} as version {version}")
        }
        Event::Host(HostEvent::Crashed) => format!("{node} is gone"),
        _ => return None,
    })
}
