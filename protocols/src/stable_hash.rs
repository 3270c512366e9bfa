//! A hash that is the same for ever: on every platform, in every build, in every version of Rust.
//!
//! The hash of a run is its identity ("one seed, one run"), so it must not come from a hasher
//! whose stream may change with a release. Each word is folded in with one 128-bit
//! multiplication, as in wyhash (Wang Yi, public domain); widths are fixed, `usize` counts as
//! 64 bits, bytes are little-endian. It is fast and well mixed, and no protection against
//! anybody who wants collisions.

use std::hash::{Hash, Hasher};

const KEYS: [u64; 2] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db];

/// The hasher; also the running hash of a stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StableHasher {
    state: u64,
}

impl Default for StableHasher {
    fn default() -> Self {
        Self { state: KEYS[0] }
    }
}

impl StableHasher {
    /// The hash of one value.
    pub fn hash_of(value: &impl Hash) -> u64 {
        let mut hasher = Self::default();
        value.hash(&mut hasher);
        hasher.finish()
    }

    fn fold(&mut self, word: u64) {
        let product = u128::from(self.state ^ word ^ KEYS[1]) * u128::from(KEYS[0] | 1);
        self.state = (product as u64) ^ ((product >> 64) as u64) ^ word.rotate_left(23);
    }
}

impl Hasher for StableHasher {
    fn finish(&self) -> u64 {
        let mut last = *self;
        last.fold(KEYS[1]);
        last.state
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.fold(u64::from_le_bytes(word));
        }
        self.fold(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.fold(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.fold(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.fold(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.fold(value);
    }

    fn write_u128(&mut self, value: u128) {
        self.fold(value as u64);
        self.fold((value >> 64) as u64);
    }

    fn write_usize(&mut self, value: usize) {
        self.fold(value as u64);
    }

    fn write_i8(&mut self, value: i8) {
        self.fold(value as u64);
    }

    fn write_i16(&mut self, value: i16) {
        self.fold(value as u64);
    }

    fn write_i32(&mut self, value: i32) {
        self.fold(value as u64);
    }

    fn write_i64(&mut self, value: i64) {
        self.fold(value as u64);
    }

    fn write_i128(&mut self, value: i128) {
        self.write_u128(value as u128);
    }

    fn write_isize(&mut self, value: isize) {
        self.fold(value as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If this changes, every trace hash that anybody ever wrote down is void.
    #[test]
    fn is_the_same_for_ever() {
        assert_eq!(StableHasher::hash_of(&(1_u8, 2_u64, "three")), 9_951_363_067_800_497_081);
    }

    /// Every width counts, of signed numbers all bits, and a wide one in both halves.
    #[test]
    fn takes_every_kind_of_number() {
        let wide = 0x0123_4567_89ab_cdef_0011_2233_4455_6677_u128;
        let halves = (0x0011_2233_4455_6677_u64, 0x0123_4567_89ab_cdef_u64);
        assert_eq!(StableHasher::hash_of(&wide), StableHasher::hash_of(&halves));
        assert_eq!(StableHasher::hash_of(&(wide as i128)), StableHasher::hash_of(&halves));
        let three = StableHasher::hash_of(&3_u64);
        let unsigned = (StableHasher::hash_of(&3_u8), StableHasher::hash_of(&3_u16));
        assert_eq!(unsigned, (three, three));
        assert_eq!(StableHasher::hash_of(&3_u32), three);
        assert_eq!(StableHasher::hash_of(&3_usize), three);
        let less = StableHasher::hash_of(&u64::MAX);
        let signed = (StableHasher::hash_of(&-1_i8), StableHasher::hash_of(&-1_i16));
        assert_eq!(signed, (less, less));
        assert_eq!(StableHasher::hash_of(&-1_i32), less);
        assert_eq!(StableHasher::hash_of(&-1_i64), less);
        assert_eq!(StableHasher::hash_of(&-1_isize), less);
    }

    #[test]
    fn sees_the_order_and_the_width_of_a_stream() {
        assert_ne!(StableHasher::hash_of(&(1_u8, 2_u8)), StableHasher::hash_of(&(2_u8, 1_u8)));
        assert_ne!(StableHasher::hash_of(&[0_u8; 3]), StableHasher::hash_of(&[0_u8; 4]));
        assert_ne!(StableHasher::hash_of(&0_u8), StableHasher::hash_of(&(0_u8, 0_u8)));
    }
}
