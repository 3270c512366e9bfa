//! The event queue: what happens next.
//!
//! Events at the same moment happen in the order in which they were put in. The queue is a wheel
//! of buckets, each a quarter of a millisecond wide, for about the next second, where messages
//! and most timers are; a heap for what is later; and a small heap for the bucket at hand, the
//! only place where order costs anything. The keys have 24 bytes; what is to happen lies in a
//! slab beside them, so that a large message is moved twice and not at every comparison.

use locklab_protocols::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The width of a bucket is two to this power, in nanoseconds.
const WIDTH_POWER: u32 = 18;

/// How many buckets the wheel has.
const BUCKETS: u64 = 4096;

/// When, in which order of arrival, and where in the slab. Reversed, so that the largest of a
/// heap is the next.
type Key = Reverse<(Time, u64, u32)>;

/// A place in the order of arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place(u64);

/// A queue of things that happen at moments.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    /// What happens in the bucket at hand, and what was put in for a moment before it.
    at_hand: BinaryHeap<Key>,
    /// The number of the bucket at hand, counted from the beginning of time.
    bucket: u64,
    /// The next `BUCKETS - 1` buckets, by their numbers modulo `BUCKETS`.
    wheel: Vec<Vec<Key>>,
    /// Which buckets of the wheel hold anything, a bit for each.
    filled: Vec<u64>,
    /// What happens after them.
    later: BinaryHeap<Key>,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    sequence: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            at_hand: BinaryHeap::new(),
            bucket: 0,
            wheel: (0..BUCKETS).map(|_| Vec::new()).collect(),
            filled: vec![0; BUCKETS as usize / 64],
            later: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            sequence: 0,
        }
    }
}

impl<T> Queue<T> {
    /// Puts something in.
    pub fn push(&mut self, at: Time, what: T) {
        let place = self.take_place();
        self.push_in_place(at, place, what);
    }

    /// A place in the order of arrival, for something that is put in later as if it were put in
    /// now.
    pub fn take_place(&mut self) -> Place {
        self.sequence += 1;
        Place(self.sequence - 1)
    }

    /// Puts something in at a place that was taken before.
    pub fn push_in_place(&mut self, at: Time, place: Place, what: T) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(what);
                slot
            }
            None => {
                let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 events wait");
                self.slots.push(Some(what));
                slot
            }
        };
        let key = Reverse((at, place.0, slot));
        let bucket = at.0 >> WIDTH_POWER;
        if bucket <= self.bucket {
            self.at_hand.push(key);
        } else if bucket < self.bucket + BUCKETS {
            self.put_on_wheel(bucket, key);
        } else {
            self.later.push(key);
        }
    }

    /// Takes out what happens next, and when.
    pub fn pop(&mut self) -> Option<(Time, T)> {
        while self.at_hand.is_empty() {
            self.turn()?;
        }
        let Reverse((at, _, slot)) = self.at_hand.pop()?;
        self.free.push(slot);
        let what = self.slots[slot as usize].take().expect("a slot is filled while it is queued");
        Some((at, what))
    }

    /// Everything that waits, in no meaningful but a fixed order.
    pub fn waiting_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().flatten()
    }

    fn put_on_wheel(&mut self, bucket: u64, key: Key) {
        let position = (bucket % BUCKETS) as usize;
        self.filled[position / 64] |= 1 << (position % 64);
        self.wheel[position].push(key);
    }

    /// Turns the wheel to the next bucket that holds anything; `None` if nothing waits.
    fn turn(&mut self) -> Option<()> {
        let bucket = match self.next_filled() {
            Some(bucket) => bucket,
            None => self.later.peek()?.0.0.0 >> WIDTH_POWER,
        };
        self.bucket = bucket;
        let position = (bucket % BUCKETS) as usize;
        self.filled[position / 64] &= !(1 << (position % 64));
        // The emptied heap's memory becomes the bucket's, so that neither is ever made anew.
        let mut spare = std::mem::take(&mut self.at_hand).into_vec();
        std::mem::swap(&mut spare, &mut self.wheel[position]);
        self.at_hand = BinaryHeap::from(spare);
        while let Some(Reverse((at, ..))) = self.later.peek() {
            let due = at.0 >> WIDTH_POWER;
            if due >= self.bucket + BUCKETS {
                break;
            }
            let key = self.later.pop().expect("just seen");
            if due == self.bucket {
                self.at_hand.push(key);
            } else {
                self.put_on_wheel(due, key);
            }
        }
        Some(())
    }

    /// The number of the first bucket after the one at hand that holds anything.
    fn next_filled(&self) -> Option<u64> {
        let start = ((self.bucket + 1) % BUCKETS) as usize;
        let words = self.filled.len();
        for turned in 0..=words {
            let index = (start / 64 + turned) % words;
            let mut word = self.filled[index];
            if turned == 0 {
                word &= !0 << (start % 64);
            } else if turned == words {
                word &= !(!0 << (start % 64));
            }
            if word != 0 {
                let position = index as u64 * 64 + u64::from(word.trailing_zeros());
                return Some(self.bucket + 1 + (position + BUCKETS - start as u64) % BUCKETS);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    #[test]
    fn order_is_time_then_arrival() {
        let mut queue = Queue::default();
        for (at, name) in [(5, 'd'), (1, 'a'), (5, 'e'), (1, 'b'), (2, 'c')] {
            queue.push(Time(at), name);
        }
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, name)| name)).collect();
        assert_eq!(order, "abcde");
    }

    #[test]
    fn what_is_put_in_late_keeps_its_place() {
        let mut queue = Queue::default();
        queue.push(Time(5), 'b');
        let place = queue.take_place();
        queue.push(Time(5), 'd');
        queue.push(Time(1), 'a');
        let mut order = String::new();
        order.extend(queue.pop().map(|(_, name)| name));
        queue.push_in_place(Time(5), place, 'c');
        order.extend(std::iter::from_fn(|| queue.pop().map(|(_, name)| name)));
        assert_eq!(order, "abcd");
    }

    /// The same pushes and pops on a plain heap give the same order, for delays from nothing to
    /// beyond the wheel.
    #[test]
    fn the_wheel_agrees_with_a_heap() {
        for seed in 0..20 {
            let mut chance = Chance::new(seed, &"queue");
            let mut queue = Queue::default();
            let mut heap = BinaryHeap::new();
            let mut now = Time::ZERO;
            for number in 0..20_000_u64 {
                if chance.below(100) < 52 {
                    let power = chance.below(35);
                    let at = Time(now.0 + chance.below(1 << power));
                    queue.push(at, number);
                    heap.push(Reverse((at, number)));
                } else {
                    let expected = heap.pop().map(|Reverse(next)| next);
                    assert_eq!(queue.pop(), expected);
                    now = expected.map_or(now, |(at, _)| at);
                }
            }
            while let Some(Reverse(next)) = heap.pop() {
                assert_eq!(queue.pop(), Some(next));
            }
            assert_eq!(queue.pop(), None);
        }
    }
}
