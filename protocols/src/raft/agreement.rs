//! What the servers must agree on (figure 3 of the paper, and what follows from it), looked at
//! after every step of a server.
//!
//! | property | how it is seen |
//! | --- | --- |
//! | election safety | a term has one leader; a server votes once in a term, restarts included |
//! | leader append-only | a leader's log keeps what it had since it leads |
//! | log matching | an index and a term stand for one log up to there |
//! | leader completeness | who leads has what was committed in its term or before; and who lacks what is committed cannot be elected |
//! | state-machine safety | at each index one entry is committed, and one table follows from it |
//! | monotonic | terms never go back, commit indexes not within a life |
//! | reads | an answer takes everything into account that was committed when the question came |

#[cfg(test)]
mod tests;

use super::Raft;
use super::log::{Index, Position};
use super::server::Server;
use crate::contract::{Accord, Servers};
use crate::id::ServerId;
use crate::spec::Facts;
use crate::stable_hash::StableHasher;

/// Tables up to this size are compared at every index, larger ones now and then.
const SMALL_TABLE: usize = 64;

/// How often a larger table is compared.
const LARGE_TABLE_EVERY: u64 = 256;

/// How far behind the newest committed entry facts are remembered.
const REMEMBERED: u64 = 4096;

/// Looks at the server that took a step.
pub(super) fn look(servers: Servers<'_, Raft>, stepped: ServerId, facts: &mut Facts) -> Accord {
    let Some(server) = servers.get(stepped) else {
        return Accord::NothingToAgree;
    };
    let id = u64::from(stepped.0);
    let last = server.log().last();
    let seen = StableHasher::hash_of(&(
        (server.life, server.current_term(), server.voted_for(), server.is_leader()),
        (last, server.commit_index(), server.last_applied()),
        // A new question of a client takes the place of its former one, at the end.
        (server.answered, server.reads().len(), server.reads().last()),
    ));
    // Whether it was like this before is the last bit; what it was like then is not in it, for a
    // model checker would tell states apart by that.
    let seen = seen & !1;
    let mark = facts.mark(("seen", id, 0));
    let before = *mark;
    *mark = seen | u64::from(before & !1 == seen);
    if before == seen | 1 {
        return Accord::NothingToAgree;
    }
    let look = Look { servers, server, id, last };
    match look.all(facts) {
        Ok(()) if *facts.mark(("committed", 0, 0)) > 0 => Accord::Kept,
        Ok(()) => Accord::NothingToAgree,
        Err(reason) => Accord::Broken(reason),
    }
}

/// A look at one server among the others.
struct Look<'a> {
    servers: Servers<'a, Raft>,
    server: &'a Server,
    id: u64,
    last: Position,
}

impl Look<'_> {
    fn all(&self, facts: &mut Facts) -> Result<(), String> {
        let committed = *facts.mark(("committed", 0, 0));
        self.votes(facts)?;
        self.log_matching(facts)?;
        self.commitment(facts)?;
        self.leadership(facts)?;
        self.table(facts)?;
        self.reads(committed, facts)
    }

    /// What a server held at the end of its last step is durable when it takes the next one, and
    /// neither its term nor its vote in that term may ever be another, in this life or a later.
    fn votes(&self, facts: &mut Facts) -> Result<(), String> {
        let (server, id) = (self.server, self.id);
        let life = u64::from(server.life.0);
        let term = server.current_term().0;
        let vote = server.voted_for().map_or(0, |vote| u64::from(vote.0));
        if std::mem::replace(facts.mark(("life", id, 0)), life) == life {
            let (term, vote) = (*facts.mark(("term", id, 0)), *facts.mark(("vote", id, 0)));
            *facts.mark(("durable term", id, 0)) = term;
            if vote != 0
                && let Some(other) = facts.state(("vote", id, term), vote)
            {
                return Err(format!("s{id} voted for s{vote} and for s{other} in term {term}"));
            }
        } else {
            *facts.mark(("commit", id, 0)) = 0;
        }
        *facts.mark(("term", id, 0)) = term;
        *facts.mark(("vote", id, 0)) = vote;
        let durable = *facts.mark(("durable term", id, 0));
        if term < durable {
            return Err(format!("s{id} went back from term {durable} to term {term}"));
        }
        match facts.get(("vote", id, term)).filter(|known| *known != vote) {
            Some(known) => {
                Err(format!("s{id} voted for s{known} in term {term} and has forgotten it"))
            }
            None => Ok(()),
        }
    }

    /// If two logs contain an entry with the same index and term, then they are identical up to
    /// that index. A digest stands for a log up to an index, so one known entry will do.
    fn log_matching(&self, facts: &mut Facts) -> Result<(), String> {
        let mut index = self.last.index;
        while let Some(Position { term, digest, .. }) = self.server.log().position(index) {
            let subject = ("log", index.0, term.0);
            match facts.get(subject) {
                Some(known) if known == digest => return Ok(()),
                Some(_) => {
                    let id = self.id;
                    return Err(format!("the log of s{id} differs at or before {index}.{term}"));
                }
                None => facts.state(subject, digest),
            };
            if index == self.server.log().base().index {
                return Ok(());
            }
            index = index.previous();
        }
        Ok(())
    }

    /// What is committed at an index is one entry, for ever.
    fn commitment(&self, facts: &mut Facts) -> Result<(), String> {
        let (server, id) = (self.server, self.id);
        let commit_index = server.commit_index().0;
        let known = std::mem::replace(facts.mark(("commit", id, 0)), commit_index);
        if commit_index < known {
            return Err(format!("the commit index of s{id} went back: {known}, {commit_index}"));
        }
        for index in known.max(server.log().base().index.0)..=commit_index {
            let Some(position) = server.log().position(Index(index)) else {
                return Err(format!("s{id} has committed {index}, which it does not have"));
            };
            if facts.state(("entry", index, 0), position.digest).is_some() {
                return Err(format!("s{id} has committed another entry {index} than others had"));
            }
        }
        let committed = facts.mark(("committed", 0, 0));
        if commit_index <= *committed {
            return Ok(());
        }
        if commit_index / REMEMBERED > *committed / REMEMBERED {
            let old = commit_index.saturating_sub(REMEMBERED);
            for kind in ["log", "entry", "table"] {
                facts.forget_below(kind, old);
            }
        }
        *facts.mark(("committed", 0, 0)) = commit_index;
        *facts.mark(("committed", 1, 0)) = server.current_term().0;
        for (_, leader) in self.servers.live() {
            complete(leader, facts)?;
        }
        self.outlasts_elections(server.commit_index())
    }

    /// Leader completeness, looked ahead: nobody who lacks what is committed now can get the votes
    /// of a majority (section 5.4.1). Figure 8 is what happens where somebody can.
    fn outlasts_elections(&self, commit_index: Index) -> Result<(), String> {
        let digest = |server: &Server| server.log().position(commit_index).map(|at| at.digest);
        let last = |server: &Server| (server.log().last().term, server.log().last().index);
        let committed = digest(self.server);
        let voters = self.server.configuration();
        let up = || voters.iter().filter_map(|voter| self.servers.get(*voter));
        for candidate in up() {
            let has_it = commit_index < candidate.log().base().index;
            if has_it || digest(candidate) == committed {
                continue;
            }
            let votes = up().filter(|voter| last(voter) <= last(candidate)).count();
            if 2 * votes > voters.len() {
                let (id, other) = (self.id, candidate.id);
                return Err(format!(
                    "s{id} has committed entry {commit_index}, which {other} does not have, though \
                     {votes} of {} would vote for {other}",
                    voters.len()
                ));
            }
        }
        Ok(())
    }

    fn leadership(&self, facts: &mut Facts) -> Result<(), String> {
        let (server, id) = (self.server, self.id);
        if !server.is_leader() {
            return Ok(());
        }
        let term = server.current_term();
        if let Some(other) = facts.state(("leader of term", term.0, 0), id) {
            return Err(format!("both s{other} and s{id} lead in term {term}"));
        }
        let led = Index(*facts.mark(("led", term.0, 0)));
        let digest = *facts.mark(("led", term.0, 1));
        let there = server.log().position(led).map(|position| position.digest);
        let discarded = led < server.log().base().index;
        if !discarded && there != Some(digest) {
            return Err(format!("s{id} leads in term {term} and has changed its log at {led}"));
        }
        *facts.mark(("led", term.0, 0)) = self.last.index.0;
        *facts.mark(("led", term.0, 1)) = self.last.digest;
        complete(server, facts)
    }

    /// Who has applied the same entries has the same table.
    fn table(&self, facts: &mut Facts) -> Result<(), String> {
        let (table, applied) = (self.server.table(), self.server.last_applied());
        let is_due = table.len() <= SMALL_TABLE || applied.0.is_multiple_of(LARGE_TABLE_EVERY);
        if std::mem::replace(facts.mark(("applied", self.id, 0)), applied.0) == applied.0 || !is_due
        {
            return Ok(());
        }
        match facts.state(("table", applied.0, 0), StableHasher::hash_of(table)) {
            Some(_) => {
                let id = self.id;
                Err(format!("s{id} has another lock table after entry {applied} than others had"))
            }
            None => Ok(()),
        }
    }

    /// An answer takes everything into account that was committed when its question came.
    fn reads(&self, committed: u64, facts: &mut Facts) -> Result<(), String> {
        let (server, id) = (self.server, self.id);
        if let Some(answered) = server.answered {
            let (client, number) = (u64::from(answered.client.0), answered.number);
            let answer = StableHasher::hash_of(&(server.life, answered));
            if std::mem::replace(facts.mark(("read answered", id, 0)), answer) != answer {
                let waited = *facts.mark(("read asked", client, id)) == number;
                let floor =
                    if waited { *facts.mark(("read floor", client, id)) } else { committed };
                let applied = answered.applied;
                if applied.0 < floor {
                    return Err(format!(
                        "s{id} answered question {number} of c{client} as of entry {applied}, \
                         though {floor} was committed when it came"
                    ));
                }
            }
        }
        for read in server.reads() {
            let client = u64::from(read.client.0);
            let number = read.query.number;
            if std::mem::replace(facts.mark(("read asked", client, id)), number) != number {
                *facts.mark(("read floor", client, id)) = committed;
            }
        }
        Ok(())
    }
}

/// Who leads in a term has every entry that was committed in it or in an earlier one.
fn complete(leader: &Server, facts: &mut Facts) -> Result<(), String> {
    let committed = *facts.mark(("committed", 0, 0));
    let committed_in = *facts.mark(("committed", 1, 0));
    let term = leader.current_term();
    if !leader.is_leader() || term.0 < committed_in || committed == 0 {
        return Ok(());
    }
    let log = leader.log();
    let there = log.position(Index(committed)).map(|position| position.digest);
    if committed < log.base().index.0 || there == facts.get(("entry", committed, 0)) {
        return Ok(());
    }
    let id = leader.id;
    Err(format!("{id} leads in term {term} without entry {committed}, which was committed before"))
}
