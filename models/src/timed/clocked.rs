//! One node by itself: its machine, its timers, and whether it stands still.

use super::times::Window;
use locklab_protocols::contract::Protocol;
use locklab_protocols::system::{Part, TimerOf};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a node goes on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Standing {
    /// It does.
    Goes,
    /// It stands still, for at most so many half ticks from now on.
    Stands(u16),
    /// It has just stood still: what is due must happen before it may do so again.
    Wakes,
}

/// A node with what a host keeps for it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Clocked<P: Protocol> {
    /// The process and the disk.
    pub(crate) part: Part<P>,
    /// The timers that run and are not measured. Each may fire at any moment, or never.
    pub(crate) free: BTreeSet<TimerOf<P>>,
    /// The timers that run and are measured.
    pub(crate) measured: BTreeMap<TimerOf<P>, Window>,
    /// Whether it goes on.
    pub(crate) standing: Standing,
    /// How often its application has asked for a lock.
    pub(crate) acquires: u8,
}

impl<P: Protocol> Clocked<P> {
    /// Whether it takes steps.
    pub(crate) fn goes(&self) -> bool {
        !matches!(self.standing, Standing::Stands(_))
    }

    /// Whether it stands still and has done so for a while: not at all is as if it had not.
    pub(crate) fn may_wake(&self, pause: u16) -> bool {
        matches!(self.standing, Standing::Stands(left) if left < pause)
    }

    /// Whether it may stand still when something must happen.
    pub(crate) fn may_stand(&self) -> bool {
        self.standing == Standing::Goes
    }

    /// Whether a timer must fire before time passes.
    pub(crate) fn is_due(&self) -> bool {
        self.measured.values().any(|window| window.latest == 0)
    }

    /// The timers that may fire now.
    pub(crate) fn ready(&self) -> impl Iterator<Item = &TimerOf<P>> {
        let measured = self.measured.iter().filter(|(_, window)| window.earliest == 0);
        self.free.iter().chain(measured.map(|(timer, _)| timer)).filter(|_| self.goes())
    }

    /// The same node half a tick later; `None` if something must happen before.
    pub(crate) fn later(&self) -> Option<Self> {
        let standing = match self.standing {
            Standing::Stands(0) => return None,
            Standing::Stands(left) => Standing::Stands(left - 1),
            Standing::Goes | Standing::Wakes if self.is_due() => return None,
            Standing::Goes | Standing::Wakes => Standing::Goes,
        };
        let mut later = self.clone();
        later.standing = standing;
        for window in later.measured.values_mut() {
            *window = window.sooner();
        }
        Some(later)
    }
}
