//! `grant-exclusion`: by the servers' own account no two clients own a lock at once.
//!
//! The servers' view. It says nothing of what anybody believes: when it holds and
//! `mutual-exclusion` breaks, the servers were right and a holder was wrong.

use super::monitor::{FirstBreak, Monitor};
use super::scene::Scene;
use super::table::Table;
use super::verdict::Verdict;
use crate::contract::{Event, Observation};
use crate::id::Owner;
use crate::time::Time;

/// Watches `grant-exclusion`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct GrantExclusion {
    broken: FirstBreak,
    /// Who owned each lock first.
    first: Table<Option<Owner>>,
    /// Whether some lock had two owners, one after the other or at once.
    contended: bool,
}

impl Monitor for GrantExclusion {
    fn observe(&mut self, at: Time, seen: &Observation, _: &Scene) {
        let Event::Owners { lock, owners } = &seen.event else {
            return;
        };
        if !self.contended
            && let Some(owner) = owners.last()
        {
            let first = self.first.at(lock.index()).get_or_insert(*owner);
            self.contended = first != owner;
        }
        if owners.len() > 1 && !self.broken.is_set() {
            let names: Vec<String> = owners.iter().map(ToString::to_string).collect();
            let names = names.join(" and ");
            let reason = format!("the servers say at {at} that {lock} is owned by {names} at once");
            self.broken.set(at, reason);
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_set()
    }

    fn verdict(&self, _: Time, _: &Scene) -> Verdict {
        let idle = (!self.contended).then_some("the servers gave no lock to two owners");
        self.broken.verdict_unless(idle)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{History, is_idle};
    use super::*;

    #[test]
    fn two_owners_at_once_break_it() {
        let history = History::new().owners(1, [1]).at(12).owners(1, [1, 2]);
        assert_eq!(
            history.break_of(GrantExclusion::default()),
            "0.012 s: the servers say at 0.012 s that L1 is owned by c1 and c2 at once"
        );
    }

    #[test]
    fn two_lives_of_one_client_are_two_owners() {
        let dead = History::new().owner(1);
        let history = History::new().owners(1, [1]).crashes(1).starts(1);
        let owners = vec![dead, history.owner(1)];
        let lock = crate::id::LockId(1);
        let history = history.see(crate::id::ServerId(1), Event::Owners { lock, owners });
        let reason = history.break_of(GrantExclusion::default());
        assert!(reason.contains("c1 and c1'2"), "{reason}");
    }

    #[test]
    fn owners_one_after_the_other_are_fine_whatever_holders_believe() {
        let history = History::new()
            .takes(1, 1, None)
            .takes(2, 1, None)
            .owners(1, [1])
            .owners(1, [])
            .owners(1, [2]);
        assert_eq!(history.judge(GrantExclusion::default()), Verdict::Held);
    }

    #[test]
    fn one_owner_alone_proves_nothing() {
        let history = History::new().owners(1, [1]).owners(1, []).owners(1, [1]).owners(2, [2]);
        assert!(is_idle(&history.judge(GrantExclusion::default())));
    }
}
