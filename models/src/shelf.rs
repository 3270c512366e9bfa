//! Shelves: every part of a state is kept once, and known by a small number.
//!
//! States differ from each other in a node or two. So a state holds the numbers of its parts, and
//! the parts stand on shelves, each of them once: a state is a few words long, is copied and
//! compared as such, and equal states have equal numbers because equal parts have. (SPIN calls
//! this collapse compression: Holzmann, "State Compression in SPIN", 1997.)
//!
//! A number is given in the order of arrival, so it means nothing outside of its search. Things
//! never leave a shelf, and are read without a lock.

use hashbrown::HashTable;
use locklab_protocols::stable_hash::StableHasher;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// How many locks guard a table, so that threads seldom meet.
const SHARDS: usize = 32;

/// The first board of a shelf has so many places, and each other one twice as many.
const FIRST_BOARD: usize = 64;

/// Boards enough for all numbers.
const BOARDS: usize = 26;

/// Things by their numbers, each once.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    boards: [OnceLock<Box<[OnceLock<T>]>>; BOARDS],
    length: AtomicU32,
    index: [Mutex<HashTable<u32>>; SHARDS],
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            boards: [const { OnceLock::new() }; BOARDS],
            length: AtomicU32::new(0),
            index: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

/// The board of a number, and its place there.
fn place(number: u32) -> (usize, usize) {
    let position = number as usize + FIRST_BOARD;
    let board = position.ilog2() - FIRST_BOARD.ilog2();
    (board as usize, position - (FIRST_BOARD << board))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shard(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

impl<T: Hash + Eq> Shelf<T> {
    /// The thing with this number.
    ///
    /// # Panics
    ///
    /// If no such number was given.
    pub(crate) fn get(&self, number: u32) -> &T {
        let (board, place) = place(number);
        let board = self.boards[board].get().expect("a number of this shelf");
        board[place].get().expect("a number of this shelf")
    }

    /// The number of this thing, from now on if it has none.
    pub(crate) fn number(&self, thing: T) -> u32 {
        let hash = StableHasher::hash_of(&thing);
        let mut index = lock(&self.index[shard(hash)]);
        if let Some(number) = index.find(hash, |number| *self.get(*number) == thing) {
            return *number;
        }
        let number = self.length.fetch_add(1, Ordering::Relaxed);
        let (board, place) = place(number);
        let board = self.boards[board].get_or_init(|| {
            std::iter::repeat_with(OnceLock::new).take(FIRST_BOARD << board).collect()
        });
        assert!(board[place].set(thing).is_ok(), "a number is given once");
        index.insert_unique(hash, number, |number| StableHasher::hash_of(self.get(*number)));
        number
    }

    /// How many things there are.
    pub(crate) fn len(&self) -> usize {
        self.length.load(Ordering::Relaxed) as usize
    }
}

/// A number for each number, given once.
#[derive(Debug)]
pub(crate) struct Column {
    boards: [OnceLock<Box<[AtomicU32]>>; BOARDS],
}

impl Default for Column {
    fn default() -> Self {
        Self { boards: [const { OnceLock::new() }; BOARDS] }
    }
}

impl Column {
    /// The number that was given to this one.
    pub(crate) fn get(&self, number: u32) -> Option<u32> {
        let (board, place) = place(number);
        self.boards[board].get()?[place].load(Ordering::Acquire).checked_sub(1)
    }

    /// Gives a number to this one; false if it has another one already.
    pub(crate) fn set(&self, number: u32, given: u32) -> bool {
        let (board, place) = place(number);
        let board = self.boards[board].get_or_init(|| {
            std::iter::repeat_with(AtomicU32::default).take(FIRST_BOARD << board).collect()
        });
        let (release, acquire) = (Ordering::Release, Ordering::Acquire);
        match board[place].compare_exchange(0, given + 1, release, acquire) {
            Ok(_) => true,
            Err(known) => known == given + 1,
        }
    }
}

/// What was worked out before, by what it was worked out from.
#[derive(Debug)]
pub(crate) struct Memory<K, V> {
    shards: [Mutex<HashTable<(K, V)>>; SHARDS],
}

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl<K: Hash + Eq + Copy, V: Copy> Memory<K, V> {
    /// What comes of a question: remembered, or else worked out. Two threads may work out the same
    /// thing at once; the answers are equal.
    pub(crate) fn recall(&self, question: K, work_out: impl FnOnce() -> V) -> V {
        let hash = StableHasher::hash_of(&question);
        let shard = &self.shards[shard(hash)];
        if let Some((_, known)) = lock(shard).find(hash, |(known, _)| *known == question) {
            return *known;
        }
        let answer = work_out();
        let mut shard = lock(shard);
        if shard.find(hash, |(known, _)| *known == question).is_none() {
            let again = |(question, _): &(K, V)| StableHasher::hash_of(question);
            shard.insert_unique(hash, (question, answer), again);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_has_one_number_and_keeps_it() {
        let shelf = Shelf::default();
        let numbers: Vec<u32> = (0..1000_u64).map(|thing| shelf.number(thing)).collect();
        let again: Vec<u32> = (0..1000_u64).map(|thing| shelf.number(thing)).collect();
        assert_eq!(numbers, again);
        assert_eq!(shelf.len(), 1000);
        assert!((0..1000).all(|thing| *shelf.get(numbers[thing]) == thing as u64));
    }

    #[test]
    fn a_number_is_given_once() {
        let column = Column::default();
        assert_eq!(column.get(7), None);
        assert!(column.set(7, 3) && column.set(7, 3) && column.set(700, 0));
        assert!(!column.set(7, 4));
        assert_eq!((column.get(7), column.get(700), column.get(8)), (Some(3), Some(0), None));
    }

    #[test]
    fn threads_agree_on_numbers() {
        let shelf = Shelf::default();
        let all = || (0..5000_u64).map(|thing| shelf.number(thing)).collect::<Vec<u32>>();
        let (here, there) = std::thread::scope(|scope| {
            let there = scope.spawn(all);
            (all(), there.join().expect("the other thread"))
        });
        assert_eq!(here, there);
        assert_eq!(shelf.len(), 5000);
    }

    #[test]
    fn what_is_known_is_not_worked_out_again() {
        let memory = Memory::default();
        assert_eq!(memory.recall((1_u32, 2_u32), || 3), 3);
        assert_eq!(memory.recall((1, 2), || unreachable!()), 3);
        assert_eq!(memory.recall((2, 1), || 4), 4);
    }
}
