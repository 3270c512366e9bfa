//! The coordinator: asks for votes, decides, and sees to it that everybody hears of it.
//!
//! An attempt is *voting* until every participant has voted yes, or one has voted no, or the
//! patience is over. Then it is *decided*: a commit is forced to the log before anybody is told,
//! an abort is only said (presumed abort). A commit is repeated until all participants have
//! acknowledged it, and then forgotten; the attempt has *ended*.

mod log;
mod requests;

pub use log::{Commit, Log, LogChange};
pub use requests::{Requests, Stage};

use super::message::{Age, AttemptId, Decision, Message, Preparation, Request, Tokens, Vote};
use super::server::{Fx, ServerChange, ServerTimer};
use super::settings::Settings;
use crate::contract::{Clock, Disk, Milestone};
use crate::id::{Incarnation, LockId, ServerId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Its timers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum CoordinatorTimer {
    /// Not all votes came in time.
    Votes(AttemptId),
    /// Not all acknowledgements came in time.
    Acknowledgements(AttemptId),
}

/// An attempt whose votes are being gathered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Voting {
    request: Request,
    age: Age,
    locks: Vec<LockId>,
    /// The newest copy of the request that has come.
    copy: u32,
    /// Who was asked.
    asked: BTreeSet<ServerId>,
    /// Who voted yes, and with which tokens.
    yes: BTreeMap<ServerId, Tokens>,
}

/// The coordinator.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Coordinator {
    settings: Settings,
    /// The attempt that began last, or would have before the first one.
    last: AttemptId,
    voting: BTreeMap<AttemptId, Voting>,
    log: Log,
    /// Who has not acknowledged which commit of the log.
    unacknowledged: BTreeMap<AttemptId, BTreeSet<ServerId>>,
    requests: Requests,
    /// The newest age that any client came with.
    newest: u64,
}

impl Coordinator {
    /// The coordinator with what is on its disk.
    pub(super) fn new(settings: Settings, me: ServerId, log: &Log) -> Self {
        let commits = log.commits().iter();
        let unacknowledged = commits.map(|(attempt, commit)| {
            let guards = settings.guards_of(&commit.locks());
            (*attempt, guards)
        });
        Self {
            settings,
            last: AttemptId { coordinator: me, life: Incarnation::default(), number: 0 },
            voting: BTreeMap::new(),
            unacknowledged: unacknowledged.collect(),
            log: log.clone(),
            requests: Requests::default(),
            newest: 0,
        }
    }

    /// The life that it is in.
    pub fn life(&self) -> Incarnation {
        self.last.life
    }

    /// The attempt that began last in this life.
    pub fn last(&self) -> AttemptId {
        self.last
    }

    /// The attempts that are being voted on.
    pub fn voting(&self) -> impl Iterator<Item = AttemptId> + '_ {
        self.voting.keys().copied()
    }

    /// Whether an attempt is being voted on.
    pub fn is_voting(&self, attempt: AttemptId) -> bool {
        self.voting.contains_key(&attempt)
    }

    /// The commits that it remembers.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Begins a life. Recovery: what an earlier life wrote becomes durable before anybody relies
    /// on it; every commit in the log is told again; everything else is presumed aborted.
    pub(super) fn start(&mut self, life: Incarnation, fx: &mut Fx) {
        self.last.life = life;
        fx.sync();
        let commits: Vec<_> = self.log.commits().clone().into_iter().collect();
        for (attempt, commit) in commits {
            // Which copies had come is forgotten; the first had.
            let granted = Stage::Granted { tokens: commit.tokens, copy: 1 };
            self.requests.insert(commit.request, granted);
            self.tell_commit(attempt, fx);
        }
    }

    /// A client asks. A copy of a request that is known gets the answer once more, if there is one;
    /// else it shows that the client still waits.
    pub(super) fn acquire(
        &mut self,
        request: Request,
        age: Age,
        locks: Vec<LockId>,
        copy: u32,
        fx: &mut Fx,
    ) {
        self.newest = self.newest.max(age.count);
        match self.requests.get(request) {
            None => self.begin(request, age, locks, copy, fx),
            Some(Stage::Voting(attempt)) => {
                if let Some(voting) = self.voting.get_mut(attempt) {
                    voting.copy = voting.copy.max(copy);
                }
            }
            Some(Stage::Granted { .. } | Stage::Refused) => self.answer(request, fx),
        }
    }

    /// A client does not want the answer any more.
    pub(super) fn cancel(&mut self, request: Request, fx: &mut Fx) {
        match self.requests.get(request) {
            None => self.requests.insert(request, Stage::Refused),
            Some(Stage::Voting(attempt)) => self.abort(*attempt, fx),
            // He hears of the grant, and gives the locks back.
            Some(Stage::Granted { .. }) => self.answer(request, fx),
            Some(Stage::Refused) => {}
        }
    }

    fn answer(&self, request: Request, fx: &mut Fx) {
        let newest = self.newest;
        let answer = match self.requests.get(request) {
            Some(Stage::Granted { tokens, copy }) => {
                Message::Granted { request, tokens: tokens.clone(), copy: *copy, newest }
            }
            Some(Stage::Refused) => Message::Refused { request, newest },
            None | Some(Stage::Voting(_)) => return,
        };
        fx.send(request.owner.client, answer);
    }

    /// First phase.
    fn begin(&mut self, request: Request, age: Age, locks: Vec<LockId>, copy: u32, fx: &mut Fx) {
        self.last.number += 1;
        let attempt = self.last;
        self.requests.insert(request, Stage::Voting(attempt));
        fx.notify(Milestone::Began);
        let (asked, yes) = (BTreeSet::new(), BTreeMap::new());
        self.voting.insert(attempt, Voting { request, age, locks, copy, asked, yes });
        if let Some(patience) = self.settings.patience() {
            let timer = CoordinatorTimer::Votes(attempt);
            fx.arm(ServerTimer::Coordinator(timer), Clock::Monotonic, patience);
        }
        self.prepare(attempt, fx);
    }

    /// Asks for votes: everybody at once, or the next one in order.
    fn prepare(&mut self, attempt: AttemptId, fx: &mut Fx) {
        let floor = self.floor(attempt);
        let Some(voting) = self.voting.get_mut(&attempt) else { return };
        let guards = self.settings.guards_of(&voting.locks);
        let mut next: Vec<ServerId> = guards.difference(&voting.asked).copied().collect();
        if self.settings.conflict.in_order() {
            next.truncate(1);
        }
        for guard in next {
            voting.asked.insert(guard);
            let Voting { request, age, locks, .. } = voting;
            let (request, age, locks) = (*request, *age, locks.clone());
            fx.send(guard, Message::Prepare(Preparation { attempt, request, age, locks, floor }));
        }
    }

    /// Every attempt before the one that it gives is over, as far as this one has come.
    fn floor(&self, attempt: AttemptId) -> AttemptId {
        let voting = self.voting.keys().next();
        let telling = self.log.commits().keys().next();
        voting.into_iter().chain(telling).copied().fold(attempt, AttemptId::min)
    }

    /// A participant votes. Only votes for an attempt that is being voted on count, and each has
    /// an id of its own, so a late vote counts for nothing.
    pub(super) fn vote(&mut self, from: ServerId, attempt: AttemptId, vote: Vote, fx: &mut Fx) {
        let Some(voting) = self.voting.get_mut(&attempt) else {
            if let Vote::Yes(_) = vote {
                self.inquire(from, attempt, fx);
            }
            return;
        };
        let Vote::Yes(tokens) = vote else {
            voting.asked.remove(&from);
            self.abort(attempt, fx);
            return;
        };
        if voting.yes.insert(from, tokens).is_some() {
            return;
        }
        if voting.yes.len() == self.settings.guards_of(&voting.locks).len() {
            self.commit(attempt, fx);
        } else {
            self.prepare(attempt, fx);
        }
    }

    /// Second phase: everybody has voted yes. The decision is durable before anybody hears of it.
    fn commit(&mut self, attempt: AttemptId, fx: &mut Fx) {
        let Some(Voting { request, yes, locks, copy, .. }) = self.end_voting(attempt, fx) else {
            return;
        };
        let mut tokens = Tokens::new();
        for (lock, token) in yes.into_values().flatten() {
            let largest = tokens.entry(lock).or_insert(token);
            *largest = token.max(*largest);
        }
        let commit = Commit { request, tokens: tokens.clone() };
        self.write(LogChange::Commit(attempt, commit), fx);
        fx.sync();
        fx.notify(Milestone::Decided);
        self.unacknowledged.insert(attempt, self.settings.guards_of(&locks));
        self.tell_commit(attempt, fx);
        self.requests.insert(request, Stage::Granted { tokens, copy });
        self.answer(request, fx);
    }

    /// Second phase: somebody voted no, or the patience is over, or an older attempt wounds this
    /// one. Nothing is written: what is not in the log is aborted.
    fn abort(&mut self, attempt: AttemptId, fx: &mut Fx) {
        let Some(Voting { request, asked, .. }) = self.end_voting(attempt, fx) else { return };
        for guard in asked {
            fx.send(guard, Message::Decide(attempt, Decision::Abort));
        }
        self.requests.insert(request, Stage::Refused);
        self.answer(request, fx);
    }

    fn end_voting(&mut self, attempt: AttemptId, fx: &mut Fx) -> Option<Voting> {
        let voting = self.voting.remove(&attempt)?;
        if self.settings.patience().is_some() {
            fx.disarm(ServerTimer::Coordinator(CoordinatorTimer::Votes(attempt)));
        }
        Some(voting)
    }

    /// Tells a commit to all who have not acknowledged it.
    fn tell_commit(&mut self, attempt: AttemptId, fx: &mut Fx) {
        let (Some(commit), Some(guards)) =
            (self.log.get(attempt), self.unacknowledged.get(&attempt))
        else {
            return;
        };
        for guard in guards {
            let decision = Decision::Commit(commit.tokens.clone());
            fx.send(*guard, Message::Decide(attempt, decision));
        }
        let timer = CoordinatorTimer::Acknowledgements(attempt);
        fx.arm(ServerTimer::Coordinator(timer), Clock::Monotonic, self.settings.repeat);
    }

    /// A participant has committed. When all have, nobody will ever ask, and the commit is
    /// forgotten.
    pub(super) fn acknowledge(&mut self, from: ServerId, attempt: AttemptId, fx: &mut Fx) {
        let Some(guards) = self.unacknowledged.get_mut(&attempt) else { return };
        guards.remove(&from);
        if guards.is_empty() {
            self.unacknowledged.remove(&attempt);
            let timer = CoordinatorTimer::Acknowledgements(attempt);
            fx.disarm(ServerTimer::Coordinator(timer));
            self.write(LogChange::Forget(attempt), fx);
        }
    }

    /// An older attempt waits for this one: it is aborted, unless it is decided.
    pub(super) fn wound(&mut self, attempt: AttemptId, fx: &mut Fx) {
        self.abort(attempt, fx);
    }

    /// A participant in doubt asks. No information means abort: a commit is in the log for as long
    /// as anybody may be in doubt about it.
    pub(super) fn inquire(&mut self, from: ServerId, attempt: AttemptId, fx: &mut Fx) {
        if self.voting.contains_key(&attempt) {
            return;
        }
        let decision = match self.log.get(attempt) {
            Some(commit) => Decision::Commit(commit.tokens.clone()),
            None => Decision::Abort,
        };
        fx.send(from, Message::Decide(attempt, decision));
    }

    pub(super) fn fire(&mut self, timer: CoordinatorTimer, fx: &mut Fx) {
        match timer {
            CoordinatorTimer::Votes(attempt) => self.abort(attempt, fx),
            CoordinatorTimer::Acknowledgements(attempt) => self.tell_commit(attempt, fx),
        }
    }

    fn write(&mut self, change: LogChange, fx: &mut Fx) {
        self.log.apply(change.clone());
        fx.write(ServerChange::Coordinator(change));
    }
}
