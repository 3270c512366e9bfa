//! One way in which a lock may stand: its state, and what operations made of it so far.

use crate::id::{Owner, Token};
use crate::spec::linearizable::history::{Action, Outcome};
use crate::spec::linearizable::mutex::{Mutex, Semantics};
use std::collections::{BTreeMap, BTreeSet};

/// An operation that was called and has not returned.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Pending {
    pub(super) process: Owner,
    pub(super) action: Action,
    /// Operations of the same process that return at the moment of this call: they come first.
    pub(super) after: BTreeSet<u32>,
    /// Its process gave it up.
    pub(super) unknown: bool,
}

impl Pending {
    /// Whether a process called it, and not the servers.
    pub(super) fn is_call(&self) -> bool {
        self.action != Action::LeaseEnded
    }
}

/// What an operation did that took effect before its return.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Taken {
    Granted,
    Refused,
    Released,
    NotHeld,
    LeaseEnded,
}

/// A grant whose token will be seen at the acquire's return.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Unseen {
    id: u32,
    /// Tells the holds of these grants apart.
    hold: usize,
    /// The token is this or larger.
    low: u128,
    /// The token is smaller than this.
    high: u128,
    /// The hold to which the grant belongs is still on.
    current: bool,
}

/// One way in which a lock may stand.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Configuration {
    mutex: Mutex,
    /// Open operations that took effect.
    taken: BTreeMap<u32, Taken>,
    /// Grants among those, in their order; only where tokens count.
    unseen: Vec<Unseen>,
    /// How many operations of unknown outcome each process has left that may still take effect.
    spare: BTreeMap<(Owner, Action), u32>,
}

impl Configuration {
    pub(super) fn holder(&self) -> Option<Owner> {
        self.mutex.holder()
    }

    /// Whether nothing is left of the past but the state of the lock.
    pub(super) fn is_settled(&self) -> bool {
        self.taken.is_empty() && self.unseen.is_empty() && self.spare.is_empty()
    }

    pub(super) fn has_taken(&self, id: u32) -> bool {
        self.taken.contains_key(&id)
    }

    /// Whether what must come before this operation came.
    pub(super) fn is_due(&self, pending: &Pending) -> bool {
        pending.after.iter().all(|id| self.has_taken(*id))
    }

    /// Whether only the token can stand in the way of a grant.
    pub(super) fn could_grant(&self, semantics: Semantics, pending: &Pending) -> bool {
        self.mutex.granted(semantics, pending.process, None).is_some()
    }

    /// Whether all that fits the other fits this too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.mutex == other.mutex
            && self.taken == other.taken
            && self.unseen == other.unseen
            && other.spare.iter().all(|(key, count)| self.spare.get(key) >= Some(count))
    }

    /// Drops what is left of a process that will call nothing more and has nothing open.
    ///
    /// Its unknown acquires would serve only its own releases, and its unknown releases and ends
    /// of leases serve only its own hold.
    pub(super) fn forget(&mut self, process: Owner) {
        let holds = self.holder() == Some(process);
        self.spare.retain(|(owner, action), _| {
            *owner != process || (holds && *action != Action::Acquire)
        });
    }

    /// An operation that had not taken effect ends with an unknown outcome.
    pub(super) fn spared(&self, pending: &Pending) -> Self {
        let mut next = self.clone();
        *next.spare.entry((pending.process, pending.action)).or_default() += 1;
        next
    }

    /// An operation that had taken effect returns.
    pub(super) fn seen(&self, id: u32, outcome: Outcome) -> Option<Self> {
        let mut next = self.clone();
        let taken = next.taken.remove(&id)?;
        match (taken, outcome) {
            (_, Outcome::Unknown) => next.unseen.retain(|unseen| unseen.id != id),
            (Taken::Granted, Outcome::Ok(token)) => return next.token_seen(id, token),
            (Taken::Released | Taken::LeaseEnded, Outcome::Ok(_))
            | (Taken::Refused | Taken::NotHeld, Outcome::Fail) => {}
            _ => return None,
        }
        Some(next)
    }

    /// An operation takes effect and returns at once.
    pub(super) fn ended(
        &self,
        semantics: Semantics,
        pending: &Pending,
        outcome: Outcome,
    ) -> Option<Self> {
        match (pending.action, outcome) {
            (Action::Acquire, Outcome::Ok(token)) => {
                self.granted(semantics, pending.process, token)
            }
            (Action::Acquire, _) => {
                self.mutex.may_refuse(semantics, pending.process).then(|| self.clone())
            }
            (Action::Release, Outcome::Ok(_)) => self.released(pending.process),
            (Action::Release, _) => (self.holder() != Some(pending.process)).then(|| self.clone()),
            (Action::LeaseEnded, _) => Some(self.lease_ended(pending.process)),
        }
    }

    /// What can follow when one more operation takes effect; if this is on the way to the return
    /// of one operation, not that one, and none that can as well come after it.
    pub(super) fn moves(
        &self,
        semantics: Semantics,
        open: &BTreeMap<u32, Pending>,
        towards: Option<u32>,
    ) -> Vec<Self> {
        let target = towards.and_then(|id| open.get(&id));
        let serves = |process: Owner, action: Action| {
            action != Action::Acquire
                || semantics.busy_means_held
                || target.is_none_or(|target| target.process == process)
                || self.may_end(process, open)
        };
        let mut moves = Vec::new();
        for (id, pending) in open {
            let due = !self.has_taken(*id) && self.is_due(pending);
            if due && Some(*id) != towards && serves(pending.process, pending.action) {
                self.take(semantics, *id, open, &mut moves);
            }
        }
        for (process, action) in self.spare.keys().filter(|(one, action)| serves(*one, *action)) {
            let next = match action {
                Action::Acquire => self.granted(semantics, *process, None),
                Action::Release => self.released(*process),
                Action::LeaseEnded if self.holder() == Some(*process) => {
                    Some(self.lease_ended(*process))
                }
                Action::LeaseEnded => None,
            };
            moves.extend(next.map(|next| next.spent(*process, *action)));
        }
        moves
    }

    /// Whether something called before now can still end a hold of this process. If nothing can,
    /// granting it the lock brings no return of another process nearer.
    fn may_end(&self, process: Owner, open: &BTreeMap<u32, Pending>) -> bool {
        let ends = |(id, pending): (&u32, &Pending)| {
            pending.process == process && pending.action != Action::Acquire && !self.has_taken(*id)
        };
        self.spare.contains_key(&(process, Action::Release))
            || self.spare.contains_key(&(process, Action::LeaseEnded))
            || open.iter().any(ends)
    }

    /// What can follow when an open operation takes effect.
    fn take(
        &self,
        semantics: Semantics,
        id: u32,
        open: &BTreeMap<u32, Pending>,
        moves: &mut Vec<Self>,
    ) {
        let Some(pending) = open.get(&id) else { return };
        let process = pending.process;
        let waited_for = open.values().any(|other| other.after.contains(&id));
        let mut took = |next: Self, taken: Taken| {
            let mut next = next;
            next.taken.insert(id, taken);
            moves.push(next);
        };
        match pending.action {
            Action::Acquire => {
                if let Some(mut next) = self.granted(semantics, process, None) {
                    if semantics.fenced {
                        next.unseen.push(self.unseen_grant(id, process));
                    }
                    took(next, Taken::Granted);
                }
                // A refusal that says nothing fits at the return as well.
                let early = semantics.busy_means_held || waited_for;
                if early && self.mutex.may_refuse(semantics, process) {
                    took(self.clone(), Taken::Refused);
                }
            }
            Action::Release => match self.released(process) {
                Some(next) => took(next, Taken::Released),
                // Only a process that may come to hold the lock has reason to fail early.
                None if waited_for || self.may_come_to_hold(process, open) => {
                    took(self.clone(), Taken::NotHeld);
                }
                None => {}
            },
            Action::LeaseEnded => took(self.lease_ended(process), Taken::LeaseEnded),
        }
    }

    /// A grant to this process now, whose token will be seen later.
    fn unseen_grant(&self, id: u32, process: Owner) -> Unseen {
        let nested = self.unseen.iter().find(|unseen| unseen.current);
        let new = self.unseen.iter().map(|unseen| unseen.hold + 1).max().unwrap_or(0);
        let hold = nested.map_or(new, |unseen| unseen.hold);
        let low = self.mutex.lowest(process);
        Unseen { id, hold, low, high: u128::MAX, current: true }
    }

    /// Whether something called before now can still give the lock to this process.
    fn may_come_to_hold(&self, process: Owner, open: &BTreeMap<u32, Pending>) -> bool {
        let acquires =
            |pending: &Pending| pending.process == process && pending.action == Action::Acquire;
        self.spare.contains_key(&(process, Action::Acquire)) || open.values().any(acquires)
    }

    fn spent(mut self, process: Owner, action: Action) -> Self {
        if let Some(count) = self.spare.get_mut(&(process, action)) {
            *count -= 1;
            if *count == 0 {
                self.spare.remove(&(process, action));
            }
        }
        self
    }

    fn granted(&self, semantics: Semantics, process: Owner, token: Option<Token>) -> Option<Self> {
        let mutex = self.mutex.granted(semantics, process, token)?;
        let mut next = Self { mutex, ..self.clone() };
        if let Some(token) = token {
            for unseen in &mut next.unseen {
                // Whoever is granted a lock while a hold is on is its holder: it is the same hold.
                let same = unseen.current;
                unseen.high = unseen.high.min(u128::from(token.0) + u128::from(same));
            }
        }
        Some(next)
    }

    fn released(&self, process: Owner) -> Option<Self> {
        let mutex = self.mutex.released(process)?;
        Some(Self { mutex, ..self.clone() }.without_ended_holds())
    }

    fn lease_ended(&self, process: Owner) -> Self {
        let mutex = self.mutex.lease_ended(process);
        Self { mutex, ..self.clone() }.without_ended_holds()
    }

    fn without_ended_holds(mut self) -> Self {
        if self.mutex.holder().is_none() {
            for unseen in &mut self.unseen {
                unseen.current = false;
            }
        }
        self
    }

    /// The token of an early grant is seen: it must lie between those before and after it.
    fn token_seen(mut self, id: u32, token: Option<Token>) -> Option<Self> {
        let place = self.unseen.iter().position(|unseen| unseen.id == id);
        let (Some(place), Some(token)) = (place, token) else {
            return Some(self);
        };
        let seen = self.unseen.remove(place);
        let number = u128::from(token.0);
        if number < seen.low || number >= seen.high {
            return None;
        }
        for (index, other) in self.unseen.iter_mut().enumerate() {
            let same = other.hold == seen.hold;
            if index < place {
                other.high = other.high.min(number + u128::from(same));
            } else {
                other.low = other.low.max(number + u128::from(!same));
            }
        }
        self.mutex.token_seen(token, seen.current);
        Some(self)
    }
}
