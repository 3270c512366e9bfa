//! The sequential lock that a history is held against: one state, one operation at a time.
//!
//! Every kind is owner-aware: only the holder can release. What differs is whether the holder may
//! acquire again, whether grants carry growing tokens, and what a refusal says.

use crate::id::{Owner, Token};

/// Which sequential lock a history must fit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Semantics {
    /// The holder may acquire again, and must release as often as it acquired.
    pub reentrant: bool,
    /// Tokens grow: a grant to a new holder carries a token larger than every one before it. A
    /// history with a grant without a token cannot be judged so.
    ///
    /// A nested acquire carries the same token or a larger one, because both are in use:
    /// Hazelcast's `FencedLock` keeps the fence on re-entry, Redisson's `RFencedLock` counts on.
    pub fenced: bool,
    /// A failed acquire says that the lock was held at some moment during the call (by another
    /// owner, if the lock is reentrant), as a strict `try_lock` does.
    ///
    /// Off, a failed acquire says only that it did not get the lock: locks refuse for reasons of
    /// their own (a majority out of reach, a backoff, a full queue).
    pub busy_means_held: bool,
}

impl Semantics {
    /// The owner-aware mutex and nothing more.
    pub const PLAIN: Self = Self { reentrant: false, fenced: false, busy_means_held: false };
    /// The mutex whose holder may acquire again.
    pub const REENTRANT: Self = Self { reentrant: true, ..Self::PLAIN };
    /// The mutex with growing tokens.
    pub const FENCED: Self = Self { fenced: true, ..Self::PLAIN };
    /// The mutex with growing tokens whose holder may acquire again.
    pub const REENTRANT_FENCED: Self = Self { reentrant: true, ..Self::FENCED };
}

/// One hold of the lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Hold {
    owner: Owner,
    /// How many releases end it.
    depth: u32,
    /// The newest token is one of this hold, not of one before it.
    token_seen: bool,
}

/// The state of the sequential lock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Mutex {
    hold: Option<Hold>,
    newest: Option<Token>,
}

impl Mutex {
    /// The owner that holds the lock.
    pub(super) fn holder(&self) -> Option<Owner> {
        self.hold.map(|hold| hold.owner)
    }

    /// The smallest token that a grant to `process` may carry now.
    pub(super) fn lowest(&self, process: Owner) -> u128 {
        let nested = self.hold.is_some_and(|hold| hold.owner == process && hold.token_seen);
        match self.newest {
            None => 0,
            Some(newest) => u128::from(newest.0) + u128::from(!nested),
        }
    }

    /// The state after a grant to `process`, or nothing if the lock must refuse it.
    ///
    /// A token that nobody saw (`None`) lies somewhere above those before it; it constrains
    /// nothing.
    pub(super) fn granted(
        &self,
        semantics: Semantics,
        process: Owner,
        token: Option<Token>,
    ) -> Option<Self> {
        let depth = match self.hold {
            None => 1,
            Some(hold) if semantics.reentrant && hold.owner == process => hold.depth + 1,
            Some(_) => return None,
        };
        let token = token.filter(|_| semantics.fenced);
        if token.is_some_and(|token| u128::from(token.0) < self.lowest(process)) {
            return None;
        }
        // Whoever holds it is he, or it would not have been granted.
        let nested_seen = self.hold.is_some_and(|hold| hold.token_seen);
        let hold = Hold { owner: process, depth, token_seen: token.is_some() || nested_seen };
        Some(Self { hold: Some(hold), newest: token.or(self.newest) })
    }

    /// The state after a release by `process`, or nothing if it does not hold the lock.
    pub(super) fn released(&self, process: Owner) -> Option<Self> {
        let hold = self.hold.filter(|hold| hold.owner == process)?;
        let rest = (hold.depth > 1).then(|| Hold { depth: hold.depth - 1, ..hold });
        Some(Self { hold: rest, newest: self.newest })
    }

    /// The state after the lease of `process` ended; the same if it does not hold the lock.
    pub(super) fn lease_ended(&self, process: Owner) -> Self {
        let hold = self.hold.filter(|hold| hold.owner != process);
        Self { hold, newest: self.newest }
    }

    /// Whether a failed acquire of `process` fits this state.
    pub(super) fn may_refuse(&self, semantics: Semantics, process: Owner) -> bool {
        let own = semantics.reentrant && self.holder() == Some(process);
        !semantics.busy_means_held || (self.hold.is_some() && !own)
    }

    /// Takes note of a token that was granted earlier and is seen only now; `current` if the hold
    /// that it began is still on.
    pub(super) fn token_seen(&mut self, token: Token, current: bool) {
        if self.newest.is_none_or(|newest| newest <= token) {
            self.newest = Some(token);
            if let Some(hold) = self.hold.as_mut() {
                hold.token_seen = current;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientId, Incarnation};

    fn owner(client: u32) -> Owner {
        Owner { client: ClientId(client), incarnation: Incarnation(1) }
    }

    fn token(number: u64) -> Option<Token> {
        Some(Token(number))
    }

    #[test]
    fn a_plain_mutex_refuses_everybody_while_held() {
        let held = Mutex::default().granted(Semantics::PLAIN, owner(1), None).unwrap();
        assert_eq!(held.holder(), Some(owner(1)));
        assert_eq!(held.granted(Semantics::PLAIN, owner(1), None), None);
        assert_eq!(held.granted(Semantics::PLAIN, owner(2), None), None);
        assert_eq!(held.granted(Semantics::REENTRANT, owner(2), None), None);
        assert_eq!(held.released(owner(2)), None);
        assert_eq!(held.released(owner(1)), Some(Mutex::default()));
    }

    #[test]
    fn a_reentrant_hold_ends_with_its_last_release_or_its_lease() {
        let semantics = Semantics::REENTRANT;
        let once = Mutex::default().granted(semantics, owner(1), None).unwrap();
        let twice = once.granted(semantics, owner(1), None).unwrap();
        assert_eq!(twice.released(owner(1)), Some(once));
        assert_eq!(twice.lease_ended(owner(1)), Mutex::default());
        assert_eq!(twice.lease_ended(owner(2)), twice);
    }

    #[test]
    fn tokens_grow_and_nested_ones_may_stay() {
        let semantics = Semantics::REENTRANT_FENCED;
        let held = Mutex::default().granted(semantics, owner(1), token(5)).unwrap();
        assert!(held.granted(semantics, owner(1), token(5)).is_some());
        assert!(held.granted(semantics, owner(1), token(4)).is_none());
        let free = held.released(owner(1)).unwrap();
        assert!(free.granted(semantics, owner(1), token(5)).is_none());
        assert!(free.granted(semantics, owner(2), token(6)).is_some());
        assert!(free.granted(Semantics::REENTRANT, owner(2), token(1)).is_some());
        // Nobody saw the token of this hold, but it is above 5, and so are those nested in it.
        let unseen = free.granted(semantics, owner(2), None).unwrap();
        assert!(unseen.granted(semantics, owner(2), token(5)).is_none());
    }

    #[test]
    fn the_largest_token_is_the_last() {
        let semantics = Semantics::FENCED;
        let held = Mutex::default().granted(semantics, owner(1), token(u64::MAX)).unwrap();
        let free = held.released(owner(1)).unwrap();
        assert_eq!(free.granted(semantics, owner(2), token(u64::MAX)), None);
    }

    #[test]
    fn a_strict_refusal_needs_a_holder() {
        let strict = Semantics { busy_means_held: true, ..Semantics::PLAIN };
        let held = Mutex::default().granted(strict, owner(1), None).unwrap();
        assert!(!Mutex::default().may_refuse(strict, owner(2)));
        assert!(Mutex::default().may_refuse(Semantics::PLAIN, owner(2)));
        assert!(held.may_refuse(strict, owner(2)) && held.may_refuse(strict, owner(1)));
        assert!(!held.may_refuse(Semantics { reentrant: true, ..strict }, owner(1)));
    }
}
