//! How busy the applications are.

use crate::contract::Span;
use crate::id::LockId;
use std::time::Duration;

/// What every application of a run does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Workload {
    /// How many locks there are.
    pub locks: u32,
    /// How an application picks a lock.
    pub choice: Choice,
    /// How many different locks it holds at once, at most as many as there are.
    pub locks_at_once: u32,
    /// In which order it takes them.
    pub order: LockOrder,
    /// How often it takes each lock (more than once only if the protocol is reentrant).
    pub depth: u32,
    /// How long it waits between two critical sections, and before it starts.
    pub think: Span,
    /// How long it works between reading and writing.
    pub hold: Span,
    /// How long it waits after a refusal before it asks again.
    pub retry: Span,
    /// After how long without an answer it repeats a request to the storage.
    pub storage_timeout: Duration,
    /// How many critical sections it goes through; `None` for as many as there is time for.
    pub sections: Option<u32>,
}

impl Default for Workload {
    /// One lock, short sections, much contention.
    fn default() -> Self {
        Self {
            locks: 1,
            choice: Choice::Uniform,
            locks_at_once: 1,
            order: LockOrder::Global,
            depth: 1,
            think: (Duration::from_millis(200)..=Duration::from_millis(800)).into(),
            hold: (Duration::from_millis(100)..=Duration::from_millis(500)).into(),
            retry: (Duration::from_millis(50)..=Duration::from_millis(150)).into(),
            storage_timeout: Duration::from_millis(500),
            sections: None,
        }
    }
}

/// How an application picks a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Choice {
    /// Each lock is as likely as any other.
    #[default]
    Uniform,
    /// Zipf's law with exponent 1: the k-th lock has a weight of 1/k.
    Zipf,
}

/// In which order an application takes several locks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum LockOrder {
    /// Smaller ids first, everybody alike: nobody waits in a circle.
    #[default]
    Global,
    /// As the application likes: two of them can wait for each other.
    Own,
    /// All at once, as one set, where the protocol takes sets; else smaller ids first.
    Set,
}

/// Weights are whole numbers, so that platforms agree: 1/k is `ZIPF_ONE / k`.
const ZIPF_ONE: u32 = 1 << 16;

impl Choice {
    /// The number of equally likely draws that [`pick`](Self::pick) maps to `locks` locks.
    pub fn draws(self, locks: u32) -> u32 {
        match self {
            Self::Uniform => locks,
            Self::Zipf => (1..=locks).map(Self::zipf_weight).sum(),
        }
    }

    /// The lock that a draw below [`draws`](Self::draws) stands for.
    pub fn pick(self, locks: u32, mut draw: u32) -> LockId {
        match self {
            Self::Uniform => LockId(draw % locks + 1),
            Self::Zipf => {
                for rank in 1..locks {
                    let weight = Self::zipf_weight(rank);
                    if draw < weight {
                        return LockId(rank);
                    }
                    draw -= weight;
                }
                LockId(locks)
            }
        }
    }

    fn zipf_weight(rank: u32) -> u32 {
        (ZIPF_ONE / rank).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_choice_reaches_each_lock_once() {
        let picked: Vec<u32> = (0..3).map(|draw| Choice::Uniform.pick(3, draw).0).collect();
        assert_eq!(picked, [1, 2, 3]);
    }

    #[test]
    fn zipf_prefers_the_first_lock_twice_as_much_as_the_second() {
        let draws = Choice::Zipf.draws(4);
        let mut counts = [0_u32; 4];
        for draw in 0..draws {
            counts[Choice::Zipf.pick(4, draw).index()] += 1;
        }
        assert_eq!(counts, [ZIPF_ONE, ZIPF_ONE / 2, ZIPF_ONE / 3, ZIPF_ONE / 4]);
    }
}
