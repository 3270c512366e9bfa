//! Snapshots and log compaction (section 7). Every server takes its own; a leader sends its
//! snapshot, in parts, to a server that needs entries which are no longer in the log.

#[cfg(test)]
mod tests;

use super::disk::RaftChange;
use super::election::State;
use super::lock_table::{LockTable, Row};
use super::log::{Configuration, Index, Position};
use super::message::{InstallSnapshot, Installed, Message};
use super::server::{Outbox, Server};
use crate::id::ServerId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the log came to, up to an entry.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// The last entry that it covers.
    pub last: Position,
    /// The configuration at that entry.
    pub configuration: Configuration,
    /// The lock table, sessions and all.
    pub table: LockTable,
}

/// A snapshot on its way to a server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sending {
    /// The snapshot. It stays the same until the server has it, though newer ones are taken.
    pub snapshot: Arc<Snapshot>,
    /// How many of its rows the server has.
    pub offset: usize,
}

/// A snapshot of which not all has come.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Installing {
    /// The last entry that it covers.
    pub last: Position,
    /// What has come.
    pub rows: Vec<Row>,
}

/// So many rows are copied for each entry of the log, at the most.
const ROWS_FOR_AN_ENTRY: u64 = 8;

/// How many entries lie between two snapshots of a table with so many rows. A snapshot costs as much
/// as the table has rows, so a larger table waits for a longer log: that is the expansion factor of
/// Ongaro's dissertation (section 5.1.3), with which the cost of an entry stays the same.
fn entries_between(at_least: u64, rows: usize) -> u64 {
    at_least.max(rows as u64 / ROWS_FOR_AN_ENTRY)
}

impl Server {
    /// Takes a snapshot once enough was applied since the last one.
    pub(super) fn compact(&mut self, out: &mut Outbox) {
        let before = self.kept.snapshot.as_ref().map_or(0, |snapshot| snapshot.last.index.0);
        let every = entries_between(self.settings.snapshot_every, self.table.len());
        if self.last_applied.0 < before + every {
            return;
        }
        let Some(last) = self.kept.log.position(self.last_applied) else {
            return;
        };
        let configuration = self.configuration_at(last.index);
        let table = self.table.clone();
        let snapshot = Arc::new(Snapshot { last, configuration, table });
        let discard = Index(last.index.0.saturating_sub(every / 2));
        self.keep(RaftChange::Compact { snapshot, discard }, out);
    }

    /// Sends a server the part of a snapshot that comes next for it.
    pub(super) fn send_snapshot(&mut self, to: ServerId, out: &mut Outbox) {
        let (kept, most) = (&self.kept, self.settings.snapshot_chunk.max(1));
        let (State::Leader(leader), Some(newest)) = (&mut self.state, &kept.snapshot) else {
            return;
        };
        let round = leader.round;
        let Some(progress) = leader.followers.get_mut(&to) else {
            return;
        };
        let begin = || Sending { snapshot: newest.clone(), offset: 0 };
        let Sending { snapshot, offset } = progress.sending.get_or_insert_with(begin);
        out.send(
            to,
            Message::InstallSnapshot(InstallSnapshot {
                term: kept.current_term,
                last: snapshot.last,
                configuration: snapshot.configuration.clone(),
                offset: *offset,
                rows: snapshot.table.rows(*offset, most),
                done: *offset + most >= snapshot.table.len(),
                round,
            }),
        );
    }

    /// `InstallSnapshot`, as its receiver has it (figure 13).
    pub(super) fn install_snapshot(
        &mut self,
        from: ServerId,
        install: InstallSnapshot,
        out: &mut Outbox,
    ) {
        let InstallSnapshot { term, last, round, .. } = install;
        let wants = if term < self.kept.current_term {
            // 1. Not for a leader of an older term.
            Some(0)
        } else {
            self.follow(term, Some(from), out);
            if last.index <= self.commit_index { None } else { self.receive_rows(install, out) }
        };
        let (term, last) = (self.kept.current_term, last.index);
        out.send(from, Message::Installed(Installed { term, round, last, wants }));
    }

    /// Rules 2 to 8 of `InstallSnapshot`; answers with the row that it wants next.
    fn receive_rows(&mut self, install: InstallSnapshot, out: &mut Outbox) -> Option<usize> {
        let InstallSnapshot { last, configuration, offset, rows, done, .. } = install;
        let fresh = Installing { last, rows: Vec::new() };
        let begun = self.installing.take().filter(|installing| installing.last == last);
        let installing = self.installing.insert(begun.unwrap_or(fresh));
        if offset != installing.rows.len() {
            return Some(installing.rows.len());
        }
        installing.rows.extend(rows);
        if !done {
            return Some(installing.rows.len());
        }
        let rows = std::mem::take(&mut installing.rows);
        self.installing = None;
        self.table = LockTable::of_rows(rows);
        let snapshot = Snapshot { last, configuration, table: self.table.clone() };
        self.keep(RaftChange::Install(Arc::new(snapshot)), out);
        self.commit_index = last.index;
        self.last_applied = last.index;
        self.find_configuration();
        None
    }

    /// The answer to `InstallSnapshot`, as the leader has it.
    pub(super) fn installed(&mut self, from: ServerId, installed: Installed, out: &mut Outbox) {
        let State::Leader(leader) = &mut self.state else {
            return;
        };
        let Some(progress) = leader.followers.get_mut(&from) else {
            return;
        };
        if installed.term != self.kept.current_term {
            return;
        }
        progress.heard = true;
        progress.round = progress.round.max(installed.round);
        match (installed.wants, &mut progress.sending) {
            (None, sending) => {
                if sending.as_ref().is_some_and(|one| one.snapshot.last.index <= installed.last) {
                    *sending = None;
                }
                progress.match_index = progress.match_index.max(installed.last);
                progress.next_index = progress.next_index.max(progress.match_index.next());
                self.advance(out);
                self.replicate(from, out);
            }
            (Some(wants), Some(sending)) if sending.snapshot.last.index == installed.last => {
                // What comes twice is answered twice; only what is new is followed up at once.
                let new = wants > sending.offset;
                sending.offset = wants;
                if new {
                    self.send_snapshot(from, out);
                }
            }
            _ => {}
        }
        self.caught_up(from, out);
        self.answer_reads(out);
    }
}
