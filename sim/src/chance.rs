//! Chance, in separate streams.
//!
//! Every source of chance (the network of a node, its timers, its workload, a fault) draws from a
//! stream of its own, derived from the seed and the name of the source. Taking a fault out of a
//! plan therefore does not reshuffle what the others draw. The generator is xoshiro256++ (Blackman
//! and Vigna 2019), whose stream is specified and whose state is 32 bytes, for a thousand nodes
//! have thousands of streams; how numbers are made of it is written here, so that no release of
//! another crate can change a run.

use locklab_protocols::stable_hash::StableHasher;
use locklab_protocols::time::nanos;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::hash::Hash;
use std::time::Duration;

/// One stream of chance.
#[derive(Clone, Debug)]
pub struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The stream of the source of this name, for this seed.
    pub fn new(seed: u64, source: &impl Hash) -> Self {
        let mut mixed = StableHasher::hash_of(&(seed, source));
        let mut key = [0; 32];
        for word in key.chunks_exact_mut(8) {
            mixed = StableHasher::hash_of(&mixed);
            word.copy_from_slice(&mixed.to_le_bytes());
        }
        Self(Xoshiro256PlusPlus::from_seed(key))
    }

    /// Any number.
    #[inline]
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, each as likely as any other (Lemire 2019); 0 if `bound` is 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut product = u128::from(self.number()) * u128::from(bound);
        // The remainder is dear and seldom needed.
        if (product as u64) < bound {
            let threshold = bound.wrapping_neg() % bound;
            while (product as u64) < threshold {
                product = u128::from(self.number()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }

    /// A number from `least` to `most`, both included.
    #[inline]
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        match most.saturating_sub(least).checked_add(1) {
            Some(width) => least + self.below(width),
            None => self.number(),
        }
    }

    /// A duration from `least` to `most`, both included.
    #[inline]
    pub fn duration(&mut self, least: Duration, most: Duration) -> Duration {
        let (least, most) = (nanos(least), nanos(most));
        if least >= most {
            return Duration::from_nanos(least);
        }
        Duration::from_nanos(self.between(least, most))
    }

    /// True in so many of a hundred cases.
    #[inline]
    pub fn percent(&mut self, percent: u32) -> bool {
        percent > 0 && self.below(100) < u64::from(percent)
    }

    /// A number in (0, 1], in steps of 2^-53.
    pub fn unit(&mut self) -> f64 {
        ((self.number() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_the_same_for_ever_and_differ_by_name() {
        let draw = |seed, name: &str| Chance::new(seed, &name).number();
        assert_eq!(draw(1, "network"), draw(1, "network"));
        assert_ne!(draw(1, "network"), draw(1, "timers"));
        assert_ne!(draw(1, "network"), draw(2, "network"));
        assert_eq!(draw(1, "network"), PINNED);
    }

    /// If this changes, every seed that anybody ever wrote down is void.
    const PINNED: u64 = 2_997_911_991_307_450_864;

    #[test]
    fn every_number_below_a_bound_comes_up() {
        let mut chance = Chance::new(7, &"test");
        let mut counts = [0_u32; 5];
        for _ in 0..5000 {
            counts[chance.below(5) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_share_of_zero_never_comes_and_of_a_hundred_always() {
        let mut chance = Chance::new(7, &"test");
        assert!((0..1000).all(|_| !chance.percent(0)));
        assert!((0..1000).all(|_| chance.percent(100)));
    }
}
