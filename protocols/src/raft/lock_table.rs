//! The lock table: the state machine that the log replicates.
//!
//! It has no clock. What becomes of a lock follows from the entries of the log and from nothing
//! else, so that servers that have applied the same entries have the same table, to the bit. A
//! lease ends because an entry says so.
//!
//! A lock belongs to a *session* of a client (dissertation, section 6.3). The session's id is the
//! index of the entry that opened it, so it never comes back once it has ended: a command of a
//! session that is not there fails. Each command has a sequence number in its session and takes
//! effect once, however often it is in the log; what was answered is remembered until the client
//! says that it has heard it.
//!
//! Who cannot have his locks at once waits. Each lock has one queue, a request for several locks
//! stands in all of their queues from the same entry on, and it is granted whole when it is first
//! in each of them and all its locks are free: first come, first served, and no circles among
//! those who wait. The token of a grant is the index of the entry that grants: the request
//! itself, or the release, cancellation or end of a session that made room for it.

mod command;
mod grants;
mod session;

pub use command::{Answer, Operation, Reply, Request, Sequence, SessionId};
pub use session::Session;

use super::log::Index;
use crate::id::{LockId, Owner, Token};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Who holds a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// The session.
    pub session: SessionId,
    /// Its request that was granted last.
    pub sequence: Sequence,
    /// The index of the entry that granted it.
    pub token: Token,
    /// How many releases free it.
    pub depth: u32,
}

/// A lock that somebody holds or waits for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Lock {
    /// Who holds it.
    pub hold: Option<Hold>,
    /// Who waits for it, first come first.
    pub queue: VecDeque<(SessionId, Sequence)>,
}

/// A row of the table, as snapshots carry it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Row {
    /// A session.
    Session(SessionId, Session),
    /// A lock.
    Lock(LockId, Lock),
}

/// What follows from an entry, for the leader to tell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Consequence {
    /// A client is answered.
    Answered(Owner, Reply),
    /// A session's time begins anew, and it has this version now.
    Prolonged(SessionId, u64),
    /// A session is over, and had this version.
    Ended(SessionId, u64),
    /// A lock has a new owner.
    Granted(LockId, Owner),
    /// A lock stays with its owner.
    Renewed(LockId, Owner),
    /// An owner gave his lock back.
    Released(LockId, Owner),
    /// A lock was freed because its owner's session ended.
    Expired(LockId, Owner),
}

/// The lock table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct LockTable {
    sessions: BTreeMap<SessionId, Session>,
    locks: BTreeMap<LockId, Lock>,
}

impl LockTable {
    /// Who holds a lock.
    pub fn hold(&self, lock: LockId) -> Option<Hold> {
        self.locks.get(&lock)?.hold
    }

    /// Who owns a lock.
    pub fn owner(&self, lock: LockId) -> Option<Owner> {
        self.sessions.get(&self.hold(lock)?.session).map(|session| session.owner)
    }

    /// All locks that somebody holds or waits for.
    pub fn locks(&self) -> impl Iterator<Item = (LockId, &Lock)> {
        self.locks.iter().map(|(id, lock)| (*id, lock))
    }

    /// All sessions.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.sessions.iter().map(|(id, session)| (*id, session))
    }

    /// A session, if it has not ended.
    pub fn session(&self, session: SessionId) -> Option<&Session> {
        self.sessions.get(&session)
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.sessions.len() + self.locks.len()
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its rows from a number on, so many at the most.
    pub(super) fn rows(&self, from: usize, most: usize) -> Vec<Row> {
        // What is skipped is not copied first.
        let sessions = self.sessions.iter().skip(from);
        let locks = self.locks.iter().skip(from.saturating_sub(self.sessions.len()));
        let sessions = sessions.map(|(id, session)| Row::Session(*id, session.clone()));
        let locks = locks.map(|(id, lock)| Row::Lock(*id, lock.clone()));
        sessions.chain(locks).take(most).collect()
    }

    /// The table with these rows.
    pub(super) fn of_rows(rows: Vec<Row>) -> Self {
        let mut table = Self::default();
        for row in rows {
            match row {
                Row::Session(id, session) => {
                    table.sessions.insert(id, session);
                }
                Row::Lock(id, lock) => {
                    table.locks.insert(id, lock);
                }
            }
        }
        table
    }

    /// Applies the entry at an index.
    pub fn apply(&mut self, index: Index, operation: &Operation, then: &mut Vec<Consequence>) {
        match *operation {
            Operation::OpenSession { owner, attempt, instead_of } => {
                if let Some(before) = instead_of {
                    self.end(index, before, then);
                }
                let session = SessionId(index.0);
                self.sessions.insert(session, Session::of(owner));
                then.push(Consequence::Answered(owner, Reply::Opened { owner, attempt, session }));
                then.push(Consequence::Prolonged(session, 0));
            }
            Operation::KeepAlive { owner, session, number } => {
                let reply = if self.keep_alive(session, then) {
                    Reply::Alive { session, number }
                } else {
                    Reply::Gone { session }
                };
                then.push(Consequence::Answered(owner, reply));
            }
            Operation::Command { owner, session, sequence, answered_below, ref request } => {
                if self.sessions.contains_key(&session) {
                    let command = (session, sequence, answered_below);
                    self.command(index, command, request, then);
                } else {
                    // An ended session must fail, and never be opened again by a late command.
                    then.push(Consequence::Answered(owner, Reply::Gone { session }));
                }
            }
            Operation::ExpireSession { session, version } => {
                let known = self.sessions.get(&session).map(|session| session.version);
                // A renewal that is earlier in the log has made it void.
                if known == Some(version) {
                    self.end(index, session, then);
                }
            }
            Operation::CloseSession { session } => self.end(index, session, then),
        }
    }

    /// Prolongs a session with all its locks; says whether there is one.
    fn keep_alive(&mut self, id: SessionId, then: &mut Vec<Consequence>) -> bool {
        let Some(session) = self.sessions.get_mut(&id) else {
            return false;
        };
        session.version += 1;
        then.push(Consequence::Prolonged(id, session.version));
        let owner = session.owner;
        then.extend(session.holds.iter().map(|lock| Consequence::Renewed(*lock, owner)));
        true
    }

    /// A command of a session takes effect, unless a copy of it did before.
    fn command(
        &mut self,
        index: Index,
        (id, sequence, answered_below): (SessionId, Sequence, Sequence),
        request: &Request,
        then: &mut Vec<Consequence>,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if !session.forget_below(answered_below, sequence) {
            return;
        }
        let owner = session.owner;
        let answer = match session.answers.get(&sequence) {
            Some(answer) => *answer,
            None => self.execute(index, (id, sequence), request, then),
        };
        if let Some(session) = self.sessions.get_mut(&id) {
            session.answers.insert(sequence, answer);
        }
        let reply = Reply::Answer { session: id, sequence, answer };
        then.push(Consequence::Answered(owner, reply));
    }

    fn execute(
        &mut self,
        index: Index,
        (id, sequence): (SessionId, Sequence),
        request: &Request,
        then: &mut Vec<Consequence>,
    ) -> Answer {
        match request {
            Request::Acquire { locks, wait } => {
                self.acquire(index, (id, sequence), locks, *wait, then)
            }
            Request::Release { lock } => self.release(index, id, *lock, then),
            Request::Cancel { acquire } => self.cancel(index, (id, *acquire), then),
        }
    }

    fn release(
        &mut self,
        index: Index,
        id: SessionId,
        lock: LockId,
        then: &mut Vec<Consequence>,
    ) -> Answer {
        let hold = self.locks.get_mut(&lock).and_then(|lock| lock.hold.as_mut());
        let Some(hold) = hold.filter(|hold| hold.session == id) else {
            return Answer::NotHeld;
        };
        hold.depth -= 1;
        if hold.depth == 0
            && let Some(session) = self.sessions.get_mut(&id)
        {
            session.holds.remove(&lock);
            then.push(Consequence::Released(lock, session.owner));
            self.free(index, lock, then);
        }
        Answer::Released
    }

    /// A request that waits no longer. One that has been granted stays so, and one that has not
    /// arrived yet will find itself cancelled.
    fn cancel(
        &mut self,
        index: Index,
        who: (SessionId, Sequence),
        then: &mut Vec<Consequence>,
    ) -> Answer {
        let Some(session) = self.sessions.get_mut(&who.0) else {
            return Answer::Cancelled;
        };
        match session.answers.get(&who.1) {
            None | Some(Answer::Queued) => {}
            Some(answer) => return *answer,
        }
        session.answers.insert(who.1, Answer::Cancelled);
        if let Some(locks) = session.waits.remove(&who.1) {
            self.leave_queues(who, &locks);
            self.serve(index, &locks, then);
        }
        Answer::Cancelled
    }

    /// Ends a session: its requests wait no longer, and its locks are free.
    fn end(&mut self, index: Index, id: SessionId, then: &mut Vec<Consequence>) {
        let Some(session) = self.sessions.remove(&id) else {
            return;
        };
        then.push(Consequence::Ended(id, session.version));
        for (sequence, locks) in &session.waits {
            self.leave_queues((id, *sequence), locks);
        }
        for lock in &session.holds {
            then.push(Consequence::Expired(*lock, session.owner));
            self.free(index, *lock, then);
        }
        for locks in session.waits.values() {
            self.serve(index, locks, then);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClientId;

    #[test]
    fn wherever_it_is_cut_the_parts_make_up_the_table() {
        let mut table = LockTable::default();
        assert!(table.is_empty());
        for number in 1..=3 {
            let session = Session::of(Owner::first(ClientId(number)));
            table.sessions.insert(SessionId(u64::from(number)), session);
        }
        for number in 1..=4 {
            table.locks.insert(LockId(number), Lock::default());
        }
        let all = table.rows(0, usize::MAX);
        assert_eq!(all.len(), table.len());
        assert!(!table.is_empty());
        for cut in 0..=all.len() {
            let parts = [table.rows(0, cut), table.rows(cut, usize::MAX)].concat();
            assert_eq!(parts, all, "cut at {cut}");
            assert_eq!(table.rows(cut, 2), all[cut..].iter().take(2).cloned().collect::<Vec<_>>());
        }
        assert_eq!(LockTable::of_rows(all), table);
        assert_eq!(table.rows(8, 1), []);
    }
}
