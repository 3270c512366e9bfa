//! `no-lost-update`: every acknowledged read-modify-write is in the final value; none overwrites
//! another unseen.
//!
//! The data's view, and what a lock is for. A resource's version counts its writes. A write that
//! builds on anything but the version before it has replaced a value that its writer never saw;
//! a storage whose versions do not count up has forgotten a write.
//!
//! A storage that crashes after a write and before it could tell of it has made that write all the
//! same: its writer asks again and is told so, or gives up, and the next write builds on it. One
//! write for each crash may come to light in this way.

use super::monitor::{FirstBreak, Monitor};
use super::scene::Scene;
use super::table::Table;
use super::verdict::Verdict;
use crate::contract::{Event, HostEvent, Observation, StorageEvent, WorkEvent};
use crate::id::{LockId, NodeId, Owner};
use crate::storage::Version;
use crate::time::Time;

/// Watches `no-lost-update`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct NoLostUpdate {
    broken: FirstBreak,
    resources: Table<Head>,
    /// Whether two owners wrote one resource.
    contended: bool,
    /// Whether the storage crashed, and may have made a write of which it could not tell.
    untold: bool,
}

/// The newest write of a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Head {
    version: Version,
    /// Who made it, and when.
    by: Option<(Owner, Time)>,
}

impl NoLostUpdate {
    fn written(&mut self, at: Time, lock: LockId, owner: Owner, based_on: Version, made: Version) {
        let head = self.resources.at(lock.index());
        let mut before = *head;
        if made.0 == before.version.0 + 2 && std::mem::take(&mut self.untold) {
            before = Head { version: Version(made.0 - 1), by: None };
        }
        *head = Head { version: made, by: Some((owner, at)) };
        self.contended |= before.by.is_some_and(|(writer, _)| writer != owner);
        if self.broken.is_set() {
            return;
        }
        let known = before.version.0;
        let (based_on, made) = (based_on.0, made.0);
        if made == known + 1 && based_on == known {
            return;
        }
        let made_by = describe(before.by);
        if made != known + 1 {
            self.broken.set(
                at,
                format!(
                    "the write of {owner} at {at} made version {made} of {lock}'s resource, \
                     which was at version {known}{made_by}: the storage forgot writes"
                ),
            );
        } else {
            self.broken.set(
                at,
                format!(
                    "{owner} wrote {lock}'s resource at {at} on the basis of version {based_on} \
                     and overwrote version {known}{made_by} unseen"
                ),
            );
        }
    }

    fn acknowledged(&mut self, at: Time, seen: &Observation, lock: LockId, version: Version) {
        let head = self.resources.at(lock.index());
        if version.0 == head.version.0 + 1 && std::mem::take(&mut self.untold) {
            *head = Head { version, by: None };
        }
        if version > head.version && !self.broken.is_set() {
            let (client, made, known) = (seen.node, version.0, head.version.0);
            self.broken.set(
                at,
                format!(
                    "{client} was told at {at} that it made version {made} of {lock}'s resource, \
                     which is at version {known}"
                ),
            );
        }
    }
}

fn describe(writer: Option<(Owner, Time)>) -> String {
    writer.map_or_else(String::new, |(owner, at)| format!(" (by {owner} at {at})"))
}

impl Monitor for NoLostUpdate {
    fn observe(&mut self, at: Time, seen: &Observation, _: &Scene) {
        match seen.event {
            Event::Host(HostEvent::Crashed) if seen.node == NodeId::Storage => self.untold = true,
            Event::Storage(StorageEvent::Written { lock, owner, based_on, version, .. }) => {
                self.written(at, lock, owner, based_on, version)
            }
            Event::Work(WorkEvent::Acknowledged { lock, version }) => {
                self.acknowledged(at, seen, lock, version);
            }
            _ => {}
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_set()
    }

    fn verdict(&self, _: Time, _: &Scene) -> Verdict {
        let idle = (!self.contended).then_some("no resource was written by two owners");
        self.broken.verdict_unless(idle)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{History, is_idle};
    use super::*;

    #[test]
    fn a_write_on_an_old_version_breaks_it() {
        let history =
            History::new().at(11_000).writes(2, 1, 34, (0, 1)).at(16_000).writes(1, 1, 33, (0, 2));
        assert_eq!(
            history.break_of(NoLostUpdate::default()),
            "16.000 s: c1 wrote L1's resource at 16.000 s on the basis of version 0 and overwrote \
             version 1 (by c2 at 11.000 s) unseen"
        );
    }

    /// It died before it could tell of one write, and of one only.
    #[test]
    fn a_storage_that_crashed_may_have_made_a_write_that_nobody_saw() {
        let crashed =
            || History::new().writes(1, 1, 1, (0, 1)).host(NodeId::Storage, HostEvent::Crashed);
        assert!(!crashed().writes(2, 1, 2, (2, 3)).judge(NoLostUpdate::default()).is_broken());
        assert!(crashed().writes(2, 1, 2, (3, 4)).judge(NoLostUpdate::default()).is_broken());
        let again = crashed().writes(2, 1, 2, (2, 3)).writes(2, 1, 2, (4, 5));
        assert!(again.judge(NoLostUpdate::default()).is_broken());
    }

    #[test]
    fn a_storage_that_forgets_a_write_breaks_it() {
        let history = History::new().writes(1, 1, 1, (0, 1)).writes(1, 1, 1, (1, 2)).at(9).writes(
            2,
            1,
            2,
            (1, 2),
        );
        assert_eq!(
            history.break_of(NoLostUpdate::default()),
            "0.009 s: the write of c2 at 0.009 s made version 2 of L1's resource, which was at \
             version 2 (by c1 at 0.000 s): the storage forgot writes"
        );
    }

    #[test]
    fn an_acknowledged_write_that_is_not_there_breaks_it() {
        let history = History::new().writes(1, 1, 1, (0, 1)).at(9).acknowledged(1, 1, 2);
        assert_eq!(
            history.break_of(NoLostUpdate::default()),
            "0.009 s: c1 was told at 0.009 s that it made version 2 of L1's resource, which is at \
             version 1"
        );
    }

    #[test]
    fn a_crash_hides_one_write_and_no_more() {
        let crashed = || {
            let history = History::new().writes(1, 1, 1, (0, 1)).writes(2, 1, 2, (1, 2));
            history.host(NodeId::Storage, HostEvent::Crashed).at(9)
        };
        let judge = |history: History| history.judge(NoLostUpdate::default());
        assert_eq!(judge(crashed().acknowledged(1, 1, 3)), Verdict::Held);
        assert_eq!(judge(crashed().writes(1, 1, 3, (3, 4)).acknowledged(2, 1, 3)), Verdict::Held);
        assert!(judge(crashed().acknowledged(1, 1, 4)).is_broken());
        assert!(judge(crashed().acknowledged(1, 1, 3).acknowledged(2, 1, 4)).is_broken());
        assert!(
            judge(crashed().writes(1, 1, 3, (2, 4))).is_broken(),
            "it overwrites the hidden one"
        );
        assert!(judge(crashed().writes(1, 1, 3, (1, 2))).is_broken(), "one is forgotten");
    }

    #[test]
    fn writes_that_build_on_each_other_are_fine() {
        let history = History::new()
            .writes(1, 1, None, (0, 1))
            .writes(2, 1, None, (1, 2))
            .acknowledged(1, 1, 1)
            .acknowledged(2, 1, 2)
            .writes(1, 2, None, (0, 1))
            .writes(1, 1, None, (2, 3));
        assert_eq!(history.judge(NoLostUpdate::default()), Verdict::Held);
    }

    #[test]
    fn one_writer_a_resource_proves_nothing() {
        let history = History::new().writes(1, 1, None, (0, 1)).writes(2, 2, None, (0, 1)).writes(
            1,
            1,
            None,
            (1, 2),
        );
        assert!(is_idle(&history.judge(NoLostUpdate::default())));
    }
}
