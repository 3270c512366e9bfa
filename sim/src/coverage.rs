//! What a run comes by: how things stand when faults strike, and which events follow on each other.

use crate::outcome::{Coverage, Standing};
use locklab_protocols::contract::Trigger;
use std::collections::BTreeSet;

const EVENTS: usize = Trigger::ALL.len();

/// Bits for all sequences of three events.
const WORDS: usize = (EVENTS * EVENTS * EVENTS).div_ceil(64);

/// Takes it down.
#[derive(Debug)]
pub(super) struct Watched {
    struck: BTreeSet<(&'static str, Standing)>,
    /// One bit for each sequence of three, by the positions of its events.
    sequences: Box<[u64; WORDS]>,
    /// The position of the last event, and of the one before it.
    last: Option<usize>,
    before: Option<usize>,
}

impl Default for Watched {
    fn default() -> Self {
        let sequences = Box::new([0; WORDS]);
        Self { struck: BTreeSet::new(), sequences, last: None, before: None }
    }
}

impl Watched {
    /// The last event.
    pub(super) fn last(&self) -> Option<Trigger> {
        self.last.map(|position| Trigger::ALL[position])
    }

    /// The next event.
    pub(super) fn happened(&mut self, event: Trigger) {
        let now = event as usize;
        if let (Some(before), Some(last)) = (self.before, self.last) {
            let bit = (before * EVENTS + last) * EVENTS + now;
            self.sequences[bit / 64] |= 1 << (bit % 64);
        }
        self.before = self.last;
        self.last = Some(now);
    }

    /// A fault of this kind strikes.
    pub(super) fn struck(&mut self, kind: &'static str, standing: Standing) {
        self.struck.insert((kind, standing));
    }

    /// All of it.
    pub(super) fn coverage(self) -> Coverage {
        let is_set = |bit: &usize| self.sequences[bit / 64] >> (bit % 64) & 1 == 1;
        let events = |bit: usize| {
            [bit / EVENTS / EVENTS, bit / EVENTS % EVENTS, bit % EVENTS]
                .map(|one| Trigger::ALL[one])
        };
        let bits = (0..EVENTS * EVENTS * EVENTS).filter(is_set);
        Coverage { sequences: bits.map(events).collect(), struck: self.struck }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_known_by_their_position() {
        for (position, event) in Trigger::ALL.into_iter().enumerate() {
            assert_eq!(event as usize, position, "{event:?}");
        }
    }

    #[test]
    fn three_in_a_row_are_a_sequence() {
        let mut watched = Watched::default();
        let [one, two, three] = [Trigger::Acquires, Trigger::Rejected, Trigger::Granted];
        for event in [one, two, three, one] {
            watched.happened(event);
        }
        assert_eq!(watched.last(), Some(one));
        let sequences = watched.coverage().sequences;
        assert_eq!(sequences, [[one, two, three], [two, three, one]].into());
    }
}
