//! What a participant keeps on disk: what it has prepared, who owns its locks, and the tokens.

use crate::contract::Disk;
use crate::id::{LockId, Owner, ServerId, Token};
use crate::two_phase::message::{AttemptId, Preparation, Request, Tokens};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of an attempt.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Record {
    /// It has voted yes, or is about to: in doubt until it hears the decision.
    Prepared(Prepared),
    /// It was committed, with these tokens.
    Committed(Tokens),
    /// It will never vote yes on it: another participant has been told so.
    Renounced,
}

/// What a participant has promised.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Prepared {
    /// What it was asked.
    pub preparation: Preparation,
    /// Its own locks, each with the token that it votes.
    pub tokens: Tokens,
}

/// A committed lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// The attempt that got it.
    pub attempt: AttemptId,
    /// Whose request that was.
    pub request: Request,
    /// How old the wish was.
    pub age: crate::two_phase::message::Age,
    /// The token of the grant.
    pub token: Token,
}

/// A participant's ledger.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// For each coordinator: every attempt of it before this one is over, and nobody will ask for
    /// it but in doubt about an abort.
    floors: BTreeMap<ServerId, AttemptId>,
    records: BTreeMap<AttemptId, Record>,
    holds: BTreeMap<LockId, Hold>,
    /// The largest token of each lock that was ever voted or decided: never used again, not even
    /// after an abort.
    tokens: Tokens,
}

/// A write to the ledger.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum LedgerChange {
    /// It has promised this.
    Prepare(Prepared),
    /// An attempt that it had prepared is committed, with these tokens.
    Commit(AttemptId, Tokens),
    /// An attempt that it had prepared is aborted.
    Abort(AttemptId),
    /// It will never vote yes on this attempt.
    Renounce(AttemptId),
    /// The lock is free.
    Free(LockId),
}

impl Ledger {
    /// For each coordinator that it knows: every attempt of it before this one is over.
    pub fn floors(&self) -> &BTreeMap<ServerId, AttemptId> {
        &self.floors
    }

    /// Whether an attempt is known to be over.
    pub fn is_over(&self, attempt: AttemptId) -> bool {
        self.floors.get(&attempt.coordinator).is_some_and(|floor| attempt < *floor)
    }

    /// What is known of an attempt.
    pub fn record(&self, attempt: AttemptId) -> Option<&Record> {
        self.records.get(&attempt)
    }

    /// All that is known of attempts.
    pub fn records(&self) -> &BTreeMap<AttemptId, Record> {
        &self.records
    }

    /// What it has prepared and not heard the decision of, oldest first.
    pub fn prepared(&self) -> impl Iterator<Item = (AttemptId, &Prepared)> {
        self.records.iter().filter_map(|(attempt, record)| match record {
            Record::Prepared(prepared) => Some((*attempt, prepared)),
            Record::Committed(_) | Record::Renounced => None,
        })
    }

    /// The committed locks.
    pub fn holds(&self) -> &BTreeMap<LockId, Hold> {
        &self.holds
    }

    /// The lock's owner.
    pub fn owner(&self, lock: LockId) -> Option<Owner> {
        self.holds.get(&lock).map(|hold| hold.request.owner)
    }

    /// The token to vote for a lock: larger than all before.
    pub fn next_token(&self, lock: LockId) -> Token {
        self.tokens.get(&lock).copied().unwrap_or_default().next()
    }

    fn raise(&mut self, lock: LockId, token: Token) {
        let largest = self.tokens.entry(lock).or_default();
        *largest = token.max(*largest);
    }

    /// Raises the floor, and forgets what nobody can ask for. What is in doubt stays.
    fn raise_floor(&mut self, floor: AttemptId) {
        if self.floors.get(&floor.coordinator).is_some_and(|known| floor <= *known) {
            return;
        }
        self.floors.insert(floor.coordinator, floor);
        self.records.retain(|attempt, record| {
            attempt.coordinator != floor.coordinator
                || *attempt >= floor
                || matches!(record, Record::Prepared(_))
        });
    }
}

impl Disk for Ledger {
    type Change = LedgerChange;

    fn apply(&mut self, change: LedgerChange) {
        match change {
            LedgerChange::Prepare(prepared) => {
                for (lock, token) in &prepared.tokens {
                    self.raise(*lock, *token);
                }
                self.raise_floor(prepared.preparation.floor);
                self.records.insert(prepared.preparation.attempt, Record::Prepared(prepared));
            }
            LedgerChange::Commit(attempt, tokens) => {
                let Some(Record::Prepared(prepared)) = self.records.remove(&attempt) else {
                    return;
                };
                let Preparation { request, age, .. } = prepared.preparation;
                for lock in prepared.tokens.keys() {
                    let token = tokens.get(lock).copied().unwrap_or_default();
                    self.raise(*lock, token);
                    self.holds.insert(*lock, Hold { attempt, request, age, token });
                }
                self.records.insert(attempt, Record::Committed(tokens));
            }
            LedgerChange::Abort(attempt) => {
                self.records.remove(&attempt);
            }
            LedgerChange::Renounce(attempt) => {
                self.records.insert(attempt, Record::Renounced);
            }
            LedgerChange::Free(lock) => {
                self.holds.remove(&lock);
            }
        }
    }
}
