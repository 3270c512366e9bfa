//! The event queue: what happens next.
//!
//! Events at the same moment happen in the order in which they were put in. The heap holds keys
//! of 24 bytes; what is to happen lies in a slab beside it, so that a large message is moved
//! twice and not at every sift.

use locklab_protocols::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A queue of things that happen at moments.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Reverse<(Time, u64, u32)>>,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    sequence: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), sequence: 0 }
    }
}

impl<T> Queue<T> {
    /// Puts something in.
    pub fn push(&mut self, at: Time, what: T) {
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
        self.heap.push(Reverse((at, self.sequence, slot)));
        self.sequence += 1;
    }

    /// Takes out what happens next, and when.
    pub fn pop(&mut self) -> Option<(Time, T)> {
        let Reverse((at, _, slot)) = self.heap.pop()?;
        self.free.push(slot);
        let what = self.slots[slot as usize].take().expect("a slot is filled while it is queued");
        Some((at, what))
    }

    /// Everything that waits, in no meaningful but a fixed order.
    pub fn waiting_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_time_then_arrival() {
        let mut queue = Queue::default();
        for (at, name) in [(5, 'd'), (1, 'a'), (5, 'e'), (1, 'b'), (2, 'c')] {
            queue.push(Time(at), name);
        }
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, name)| name)).collect();
        assert_eq!(order, "abcde");
    }
}
