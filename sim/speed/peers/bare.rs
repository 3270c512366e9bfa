//! The limit: a loop that takes the next event and hashes it.

use super::{DELAY, EVERY, NODES, SIMULATED};
use locklab_protocols::stable_hash::StableHasher;
use locklab_sim::chance::Chance;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{Hash, Hasher};
use std::hint::black_box;

const MILLISECOND: u64 = 1_000_000;

/// What happens to a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Event {
    Timer,
    Beat { from: usize },
    Answer,
}

struct Loop {
    chance: Chance,
    heap: BinaryHeap<Reverse<(u64, u64, usize, Event)>>,
    sequence: u64,
}

impl Loop {
    fn push(&mut self, at: u64, to: usize, event: Event) {
        self.sequence += 1;
        self.heap.push(Reverse((at, self.sequence, to, event)));
    }

    fn send(&mut self, now: u64, to: usize, event: Event) {
        let takes = self.chance.between(DELAY.start() * MILLISECOND, DELAY.end() * MILLISECOND);
        self.push(now + takes, to, event);
    }
}

/// One run; how many messages arrived.
pub(crate) fn run(seed: u64) -> u64 {
    let (every, end) = (EVERY.as_nanos() as u64, SIMULATED.as_nanos() as u64);
    let mut queue =
        Loop { chance: Chance::new(seed, &"bare"), heap: BinaryHeap::new(), sequence: 0 };
    let mut hash = StableHasher::default();
    let mut heard = [0_u64; NODES];
    (0..NODES).for_each(|node| queue.push(every, node, Event::Timer));
    while let Some(Reverse((now, _, node, event))) = queue.heap.pop() {
        if now > end {
            break;
        }
        (now, node, event).hash(&mut hash);
        match event {
            Event::Timer => {
                let others = (0..NODES).filter(|other| *other != node);
                others.for_each(|other| queue.send(now, other, Event::Beat { from: node }));
                queue.push(now + every, node, Event::Timer);
            }
            Event::Beat { from } => {
                heard[node] += 1;
                queue.send(now, from, Event::Answer);
            }
            Event::Answer => heard[node] += 1,
        }
    }
    black_box(hash.finish());
    heard.iter().sum()
}
