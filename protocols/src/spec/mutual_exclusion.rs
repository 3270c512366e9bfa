//! `mutual-exclusion`: no two live clients believe at once that they hold the same lock.
//!
//! The holders' view. What counts is what applications act on: a client that stands still holds
//! the lock in its own eyes, however long ago its lease ended, and will go on as if it had it.

use super::monitor::{FirstBreak, Monitor};
use super::scene::{Fate, Holder, Scene};
use super::table::Table;
use super::verdict::Verdict;
use crate::contract::{Event, LockEvent, Observation};
use crate::id::{ClientId, LockId, NodeId};
use crate::time::Time;

/// Watches `mutual-exclusion`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct MutualExclusion {
    broken: FirstBreak,
    /// Who was granted each lock first.
    first: Table<Option<ClientId>>,
    /// Whether some lock was granted to two clients, one after the other or at once.
    contended: bool,
}

impl MutualExclusion {
    fn granted(&mut self, at: Time, client: ClientId, lock: LockId, scene: &Scene) {
        if !self.contended {
            let first = self.first.at(lock.index()).get_or_insert(client);
            self.contended = *first != client;
        }
        let other = |holder: &&Holder| holder.client != client;
        if let Some(holder) = scene.holders(lock).iter().find(other)
            && !self.broken.is_set()
        {
            let Holder { client: holder, since, .. } = holder;
            let still = match scene.client(*holder).map(|scene| scene.fate) {
                Some(Fate::Paused(paused)) => format!(", standing still since {paused}"),
                _ => String::new(),
            };
            self.broken.set(
                at,
                format!(
                    "{client} was granted {lock} at {at} while {holder} still believed to hold it \
                     (granted at {since}{still})"
                ),
            );
        }
    }
}

impl Monitor for MutualExclusion {
    fn observe(&mut self, at: Time, seen: &Observation, scene: &Scene) {
        if let (Event::Lock(LockEvent::Granted { lock, .. }), NodeId::Client(client)) =
            (&seen.event, seen.node)
        {
            self.granted(at, client, *lock, scene);
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_set()
    }

    fn verdict(&self, _: Time, _: &Scene) -> Verdict {
        let idle = (!self.contended).then_some("no lock was granted to two clients");
        self.broken.verdict_unless(idle)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{History, is_idle};
    use super::*;
    use crate::contract::Ending;

    #[test]
    fn two_who_believe_at_once_break_it() {
        let history =
            History::new().at(3).takes(1, 1, None).at(1000).pauses(1).at(11_034).takes(2, 1, None);
        assert_eq!(
            history.break_of(MutualExclusion::default()),
            "11.034 s: c2 was granted L1 at 11.034 s while c1 still believed to hold it \
             (granted at 0.003 s, standing still since 1.000 s)"
        );
    }

    #[test]
    fn the_first_break_is_kept() {
        let history =
            History::new().at(1).takes(1, 1, None).at(2).takes(2, 1, None).at(3).takes(3, 1, None);
        let reason = history.break_of(MutualExclusion::default());
        assert!(reason.starts_with("0.002 s: c2"), "{reason}");
    }

    #[test]
    fn a_lock_taken_twice_and_given_back_once_is_still_held() {
        let history = History::new()
            .takes(1, 1, None)
            .takes(1, 1, None)
            .releases(1, 1)
            .released(1, 1, Ending::Done)
            .takes(2, 1, None);
        assert!(history.judge(MutualExclusion::default()).is_broken());
    }

    #[test]
    fn whoever_gives_back_loses_or_dies_believes_no_more() {
        let history = History::new()
            .takes(1, 1, None)
            .takes(1, 1, None)
            .releases(1, 1)
            .releases(1, 1)
            .takes(2, 1, None)
            .takes(2, 1, None)
            .lost(2, 1)
            .takes(3, 1, None)
            .crashes(3)
            .takes(1, 1, None);
        assert_eq!(history.judge(MutualExclusion::default()), Verdict::Held);
    }

    #[test]
    fn different_locks_do_not_exclude_each_other() {
        let history = History::new().takes(1, 1, None).takes(2, 2, None);
        assert!(is_idle(&history.judge(MutualExclusion::default())));
    }

    #[test]
    fn one_client_alone_proves_nothing() {
        let history = History::new().takes(1, 1, None).releases(1, 1).takes(1, 1, None);
        assert!(is_idle(&history.judge(MutualExclusion::default())));
    }
}
