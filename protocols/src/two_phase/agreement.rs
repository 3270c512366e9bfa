//! `agreement` for this family, looked at after every step of a server.
//!
//! - No two participants decide differently, and a decision never changes.
//! - A coordinator commits only what every participant has prepared.
//! - No participant that voted yes aborts on its own, not even by forgetting.
//! - No lock of an attempt in doubt is granted to another.
//!
//! A step is looked at before its writes are on disk, and a crash may undo it. So what a server
//! says counts as said only once it has taken another step in the same life: by then its earlier
//! effects have happened.

#[cfg(test)]
mod tests;

use super::TwoPhase;
use super::coordinator::Coordinator;
use super::message::AttemptId;
use super::participant::{Participant, Record};
use super::server::Server;
use super::settings::Settings;
use crate::contract::{Accord, Servers};
use crate::id::{LockId, ServerId};
use crate::spec::{Facts, Subject};
use std::collections::{BTreeMap, BTreeSet};

const ABORTED: u64 = 1;
const COMMITTED: u64 = 2;

/// Looks at the servers after a step of one of them.
pub(super) fn look(
    settings: &Settings,
    servers: Servers<'_, TwoPhase>,
    stepped: ServerId,
    facts: &mut Facts,
) -> Accord {
    let mut look = Look { settings, servers, facts, kept: false };
    let result = match servers.get(stepped) {
        None => Ok(()),
        Some(Server::Coordinator(coordinator)) => look.at_coordinator(stepped, coordinator),
        Some(Server::Participant(participant)) => look.at_participant(stepped, participant),
    };
    match result {
        Err(reason) => Accord::Broken(reason),
        Ok(()) if look.kept => Accord::Kept,
        Ok(()) => Accord::NothingToAgree,
    }
}

struct Look<'a> {
    settings: &'a Settings,
    servers: Servers<'a, TwoPhase>,
    facts: &'a mut Facts,
    kept: bool,
}

fn about(kind: &'static str, attempt: AttemptId) -> Subject {
    (kind, super::attempt_number(attempt), 0)
}

impl Look<'_> {
    /// Somebody has decided an attempt.
    fn decided(&mut self, attempt: AttemptId, decision: u64, by: ServerId) -> Result<(), String> {
        self.kept = true;
        match self.facts.state(about("decision", attempt), decision) {
            None => Ok(()),
            Some(_) => Err(match decision {
                COMMITTED => format!("{by} committed {attempt}, which had been aborted"),
                _ => format!("{by} aborted {attempt}, which had been committed"),
            }),
        }
    }

    fn decision(&self, attempt: AttemptId) -> Option<u64> {
        self.facts.get(about("decision", attempt))
    }

    fn participant(&self, id: ServerId) -> Option<&Participant> {
        self.servers.get(id)?.as_participant()
    }

    fn at_coordinator(&mut self, me: ServerId, coordinator: &Coordinator) -> Result<(), String> {
        for (attempt, commit) in coordinator.log().commits() {
            let seen = u64::from(coordinator.life().0);
            let mark = self.facts.mark(about("seen in the log", *attempt));
            if *mark == seen {
                self.decided(*attempt, COMMITTED, me)?;
                continue;
            }
            let new = *mark == 0;
            *mark = seen;
            if new {
                self.voted_by_all(me, *attempt, &commit.locks())?;
            }
        }
        self.aborts_of(me, coordinator)
    }

    /// The attempts of this life and of those before it that are neither in the log nor being
    /// voted on are over. Those that were not committed are aborted, from now on and for ever.
    fn aborts_of(&mut self, me: ServerId, coordinator: &Coordinator) -> Result<(), String> {
        let life = u64::from(coordinator.life().0);
        *self.facts.mark(life_of(me)) = life;
        let over_until = ("over until", life, u64::from(me.0));
        let from = *self.facts.mark(over_until) + 1;
        let mut all_over = true;
        for number in from..=u64::from(coordinator.last().number) {
            let attempt = AttemptId {
                number: u32::try_from(number).unwrap_or_default(),
                ..coordinator.last()
            };
            let over = !coordinator.is_voting(attempt) && coordinator.log().get(attempt).is_none();
            if over && self.decision(attempt) != Some(COMMITTED) {
                self.decided(attempt, ABORTED, me)?;
            }
            all_over &= over;
            if all_over {
                *self.facts.mark(over_until) = number;
            }
        }
        Ok(())
    }

    /// What is committed was voted for by everybody: each guard that is up has it in its ledger.
    fn voted_by_all(
        &mut self,
        me: ServerId,
        attempt: AttemptId,
        locks: &[LockId],
    ) -> Result<(), String> {
        for guard in self.settings.guards_of(locks) {
            let Some(participant) = self.participant(guard) else { continue };
            let record = participant.ledger().record(attempt);
            if !matches!(record, Some(Record::Prepared(_) | Record::Committed(_))) {
                return Err(format!(
                    "{me} committed {attempt}, for which {guard} has not prepared"
                ));
            }
        }
        Ok(())
    }

    fn at_participant(&mut self, me: ServerId, participant: &Participant) -> Result<(), String> {
        let ledger = participant.ledger();
        let life = u64::from(participant.life().0);
        for (attempt, record) in ledger.records() {
            match record {
                Record::Committed(_) => self.decided(*attempt, COMMITTED, me)?,
                Record::Renounced => *self.facts.mark(about("renounced", *attempt)) = 1,
                Record::Prepared(_) => {}
            }
        }
        for (coordinator, floor) in ledger.floors() {
            let highest = self.facts.mark(floor_of(*coordinator));
            *highest = super::attempt_number(*floor).max(*highest);
        }
        self.promises_kept(me, participant, life)?;
        for (attempt, _) in ledger.prepared() {
            self.promised(me, attempt, life);
        }
        one_for_each_lock(me, participant)
    }

    /// What each participant has promised and not heard the decision of is kept as the marks of
    /// one kind: the life in which the promise was seen, and whether it is known to be durable.
    fn promised(&mut self, me: ServerId, attempt: AttemptId, life: u64) {
        let subject = promise(me, attempt);
        let mark = self.facts.mark(subject);
        *mark = match (*mark >> 1 == life, *mark & 1) {
            (true, _) | (false, 1) => life << 1 | 1,
            (false, _) => life << 1,
        };
        self.facts.state((OPEN, u64::from(me.0), super::attempt_number(attempt)), 1);
    }

    /// A promise that is gone was ended by a decision.
    fn promises_kept(
        &mut self,
        me: ServerId,
        participant: &Participant,
        life: u64,
    ) -> Result<(), String> {
        let open: Vec<u64> =
            self.facts.about(OPEN, u64::from(me.0)).map(|(number, _)| number).collect();
        for number in open {
            let attempt = super::attempt_of(number);
            match participant.ledger().record(attempt) {
                Some(Record::Prepared(_)) => continue,
                Some(Record::Committed(_)) => {}
                _ => self.ended(me, attempt, life)?,
            }
            self.facts.forget((OPEN, u64::from(me.0), number));
            self.facts.unmark(promise(me, attempt));
        }
        Ok(())
    }

    /// A promise is gone, and the attempt is not committed here (any more).
    fn ended(&mut self, me: ServerId, attempt: AttemptId, life: u64) -> Result<(), String> {
        let mark = *self.facts.mark(promise(me, attempt));
        let was_durable = mark & 1 == 1 || mark >> 1 == life;
        match self.decision(attempt) {
            Some(ABORTED) => Ok(()),
            // Without its vote there would have been no commit.
            Some(_) => Err(format!("{me} gave up {attempt}, which had been committed")),
            // It was lost before it was durable: perhaps nobody has heard the vote.
            None if !was_durable => Ok(()),
            None if self.may_be_aborted(attempt) => self.decided(attempt, ABORTED, me),
            None => Err(format!("{me} voted yes on {attempt} and gave it up on its own")),
        }
    }

    /// Whether anybody but the one in doubt can have decided to abort: the coordinator, in a later
    /// life than that of the attempt, or a participant that renounced or heard that it was over.
    fn may_be_aborted(&mut self, attempt: AttemptId) -> bool {
        let coordinator = self.servers.get(attempt.coordinator);
        let coordinator = coordinator.and_then(|server| server.as_coordinator());
        if coordinator.is_some_and(|coordinator| coordinator.log().get(attempt).is_some()) {
            return false;
        }
        *self.facts.mark(life_of(attempt.coordinator)) > u64::from(attempt.life.0)
            || *self.facts.mark(about("renounced", attempt)) == 1
            || *self.facts.mark(floor_of(attempt.coordinator)) > super::attempt_number(attempt)
    }
}

/// The newest life of a coordinator that was seen.
fn life_of(coordinator: ServerId) -> Subject {
    ("life", u64::from(coordinator.0), 0)
}

/// The highest floor of a coordinator that any participant knows.
fn floor_of(coordinator: ServerId) -> Subject {
    ("floor", u64::from(coordinator.0), 0)
}

/// The promises that are open, by participant.
const OPEN: &str = "open promise";

fn promise(me: ServerId, attempt: AttemptId) -> Subject {
    ("promise", u64::from(me.0), super::attempt_number(attempt))
}

/// At one participant, no two attempts have one lock.
fn one_for_each_lock(me: ServerId, participant: &Participant) -> Result<(), String> {
    let ledger = participant.ledger();
    let mut of: BTreeMap<LockId, BTreeSet<AttemptId>> = BTreeMap::new();
    for (lock, hold) in ledger.holds() {
        of.entry(*lock).or_default().insert(hold.attempt);
    }
    for (attempt, prepared) in ledger.prepared() {
        for lock in prepared.tokens.keys() {
            of.entry(*lock).or_default().insert(attempt);
        }
    }
    match of.iter().find(|(_, attempts)| attempts.len() > 1) {
        None => Ok(()),
        Some((lock, attempts)) => {
            let names: Vec<String> = attempts.iter().map(ToString::to_string).collect();
            Err(format!("{me} gave {lock} to {} at once", names.join(" and ")))
        }
    }
}
