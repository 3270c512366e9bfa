//! Who gets a lock, and when: first come, first served, and a set of locks whole.

use super::command::{Answer, Reply, Sequence, SessionId};
use super::{Consequence, Hold, LockTable};
use crate::contract::LockSet;
use crate::id::{LockId, Token};
use crate::raft::log::Index;
use std::collections::VecDeque;

impl LockTable {
    pub(super) fn acquire(
        &mut self,
        index: Index,
        who: (SessionId, Sequence),
        locks: &LockSet,
        wait: bool,
        then: &mut Vec<Consequence>,
    ) -> Answer {
        let is_mine = |lock| self.hold(lock).is_some_and(|hold| hold.session == who.0);
        if locks.iter().all(is_mine) {
            // Nobody who waits can come between an owner and his own lock.
            return self.take(index, who, locks, then);
        }
        for lock in locks.iter() {
            self.locks.entry(lock).or_default().queue.push_back(who);
        }
        if self.is_next(who, locks) {
            self.leave_queues(who, locks);
            return self.take(index, who, locks, then);
        }
        if !wait {
            self.leave_queues(who, locks);
            return Answer::Refused;
        }
        if let Some(session) = self.sessions.get_mut(&who.0) {
            session.waits.insert(who.1, locks.clone());
        }
        Answer::Queued
    }

    /// Whether a request is first in each of its queues, and has all its locks free.
    fn is_next(&self, who: (SessionId, Sequence), locks: &LockSet) -> bool {
        locks.iter().all(|lock| {
            self.locks.get(&lock).is_some_and(|lock| match lock.hold {
                Some(hold) => hold.session == who.0,
                None => lock.queue.front() == Some(&who),
            })
        })
    }

    pub(super) fn leave_queues(&mut self, who: (SessionId, Sequence), locks: &LockSet) {
        for id in locks.iter() {
            if let Some(lock) = self.locks.get_mut(&id) {
                lock.queue.retain(|other| *other != who);
                if lock.hold.is_none() && lock.queue.is_empty() {
                    self.locks.remove(&id);
                }
            }
        }
    }

    /// Gives locks to a session. That prolongs it: a grant comes with a full lease.
    fn take(
        &mut self,
        index: Index,
        (id, sequence): (SessionId, Sequence),
        locks: &LockSet,
        then: &mut Vec<Consequence>,
    ) -> Answer {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Answer::Refused;
        };
        let owner = session.owner;
        session.version += 1;
        then.push(Consequence::Prolonged(id, session.version));
        let token = Token(index.0);
        for lock in locks.iter() {
            session.holds.insert(lock);
            let hold = &mut self.locks.entry(lock).or_default().hold;
            match hold {
                Some(hold) => {
                    *hold = Hold { sequence, token, depth: hold.depth + 1, ..*hold };
                    then.push(Consequence::Renewed(lock, owner));
                }
                None => {
                    *hold = Some(Hold { session: id, sequence, token, depth: 1 });
                    then.push(Consequence::Granted(lock, owner));
                }
            }
        }
        Answer::Granted { token }
    }

    pub(super) fn free(&mut self, index: Index, id: LockId, then: &mut Vec<Consequence>) {
        let Some(lock) = self.locks.get_mut(&id) else {
            return;
        };
        lock.hold = None;
        if lock.queue.is_empty() {
            self.locks.remove(&id);
        } else {
            self.serve(index, &id.into(), then);
        }
    }

    /// Grants what can be granted to those who are first at these locks.
    pub(super) fn serve(&mut self, index: Index, locks: &LockSet, then: &mut Vec<Consequence>) {
        let mut touched: VecDeque<LockId> = locks.iter().collect();
        while let Some(lock) = touched.pop_front() {
            let Some(who) = self.locks.get(&lock).and_then(|lock| lock.queue.front().copied())
            else {
                continue;
            };
            let session = self.sessions.get(&who.0);
            let wanted = session.and_then(|session| session.waits.get(&who.1)).cloned();
            let Some(wanted) = wanted.filter(|wanted| self.is_next(who, wanted)) else {
                continue;
            };
            self.leave_queues(who, &wanted);
            let answer = self.take(index, who, &wanted, then);
            if let Some(session) = self.sessions.get_mut(&who.0) {
                session.waits.remove(&who.1);
                session.answers.insert(who.1, answer);
                let reply = Reply::Answer { session: who.0, sequence: who.1, answer };
                then.push(Consequence::Answered(session.owner, reply));
            }
            touched.extend(wanted.iter());
        }
    }
}
