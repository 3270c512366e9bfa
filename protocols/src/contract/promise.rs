//! What a protocol promises, and on what assumptions.
//!
//! A promise is a guarantee with the assumptions that it needs, in a form that a program can hold
//! against a fault plan: inside them a break is the protocol's fault (or ours), outside them it is
//! the finding that the plan was made for.

#[cfg(test)]
mod tests;

use crate::spec::Guarantee;
use crate::storage::Fencing;
use std::fmt;
use std::time::Duration;

/// A guarantee, and what must be true of the world for it to hold.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Promise {
    /// What is promised.
    pub guarantee: Guarantee,
    /// Under all of these assumptions; none means always.
    pub assumes: Vec<Assumption>,
}

impl Promise {
    /// Promises `guarantee` under all of `assumes`.
    pub fn of<const N: usize>(guarantee: Guarantee, assumes: [Assumption; N]) -> Self {
        Self { guarantee, assumes: assumes.to_vec() }
    }
}

/// Something that must be true of the world for a promise to bind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Assumption {
    /// No client stands still (pause, slowness) for longer than this.
    ClientPauseAtMost(Duration),
    /// No server stands still (pause, slowness, disk stall) for longer than this.
    ServerPauseAtMost(Duration),
    /// No sync takes longer than this, but for faults that end.
    SyncAtMost(Duration),
    /// No message is on its way for longer than this.
    DelayAtMost(Duration),
    /// All but one message in a thousand take no longer than this, but for faults that end.
    UsualDelayAtMost(Duration),
    /// The rate of every clock is true within this many percent.
    ClockRateWithinPercent(u32),
    /// No clock that the protocol uses jumps, stands still or strobes.
    ClocksDoNotJump,
    /// No server loses anything that it wrote to its disk.
    DisksKeepSyncedWrites,
    /// No server loses anything that its process wrote, synced or not (no power failure).
    DisksKeepUnsyncedWrites,
    /// No server crashes.
    ServersStayUp,
    /// No server stays down for ever.
    ServersComeBack,
    /// No client crashes.
    ClientsStayUp,
    /// No link is cut.
    NoPartition,
    /// No message is lost.
    NoLoss,
    /// No link loses more than this percentage of its messages, but for faults that end.
    UsualLossAtMostPercent(u32),
    /// No message is delivered twice.
    NoDuplication,
    /// The storage checks tokens at least so.
    FencingAtLeast(Fencing),
    /// No client holds a lock for longer than this.
    HoldAtMost(Duration),
    /// No more than this many clients contend, so that retrying at random is fair enough.
    ClientsAtMost(u32),
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientPauseAtMost(most) => write!(f, "no client pauses for over {most:?}"),
            Self::ServerPauseAtMost(most) => write!(f, "no server pauses for over {most:?}"),
            Self::SyncAtMost(most) => write!(f, "no sync takes over {most:?}"),
            Self::DelayAtMost(most) => write!(f, "no message takes over {most:?}"),
            Self::UsualDelayAtMost(most) => {
                write!(f, "no message usually takes over {most:?}")
            }
            Self::ClockRateWithinPercent(percent) => {
                write!(f, "clock rates are true within {percent} %")
            }
            Self::ClocksDoNotJump => f.write_str("no clock jumps"),
            Self::DisksKeepSyncedWrites => f.write_str("no synced write is lost"),
            Self::DisksKeepUnsyncedWrites => f.write_str("no write is lost"),
            Self::ServersStayUp => f.write_str("no server crashes"),
            Self::ServersComeBack => f.write_str("no server stays down for ever"),
            Self::ClientsStayUp => f.write_str("no client crashes"),
            Self::NoPartition => f.write_str("no link is cut"),
            Self::NoLoss => f.write_str("no message is lost"),
            Self::UsualLossAtMostPercent(most) => {
                write!(f, "no link usually loses over {most} % of its messages")
            }
            Self::NoDuplication => f.write_str("no message is doubled"),
            Self::FencingAtLeast(Fencing::None) => f.write_str("any storage"),
            Self::FencingAtLeast(Fencing::Writes) => f.write_str("the storage fences writes"),
            Self::FencingAtLeast(Fencing::ReadsAndWrites) => {
                f.write_str("the storage fences reads and writes")
            }
            Self::HoldAtMost(most) => write!(f, "no lock is held for over {most:?}"),
            Self::ClientsAtMost(most) => write!(f, "at most {most} clients contend"),
        }
    }
}
