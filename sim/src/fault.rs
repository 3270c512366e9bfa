//! Faults: the one vocabulary of what can go wrong.
//!
//! A fault is data: [when](When) it strikes, [whom](Target) it strikes, and [what](Kind) it does
//! for how long. It is written in scenario files, drawn by generators, shrunk, replayed, and
//! applied in one place. Every fault knows its heal: at the end of its time, or when all faults
//! end, whatever it did is undone.

mod form;
mod target;
mod when;
mod words;

pub use target::{NAMES as TARGET_NAMES, Target, Targets};
pub use when::When;

use crate::network::Delay;
use crate::text::{Shift, duration};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// One fault of a plan.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "form::Form", into = "form::Form")]
pub struct Fault {
    /// When it strikes.
    pub when: When,
    /// What it does.
    pub kind: Kind,
}

/// How long a fault lasts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Lasting {
    /// Until all faults end.
    #[default]
    UntilHeal,
    /// So long, or until all faults end if that is sooner.
    For(Duration),
    /// Beyond the heal: only a crash can last for ever, and the others must cope.
    ForEver,
}

/// What a fault does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Nodes stand still, as in a GC pause: time and their mailboxes go on.
    Pause(OnNodes),
    /// Every step of the nodes takes longer.
    Slow(Slow),
    /// Processes die and come back.
    Crash(Crash),
    /// Links between two groups are cut, both ways or one way, with what is in flight on them.
    Cut(Cut),
    /// The network falls into parts.
    Partition(Partition),
    /// Messages are lost.
    Loss(OnLinks),
    /// Messages arrive twice.
    Duplicate(OnLinks),
    /// Messages take longer.
    Delay(SlowLinks),
    /// Some messages take longer, so that later ones overtake them.
    Reorder(Reorder),
    /// Wall clocks are set forward or back.
    ClockJump(ClockJump),
    /// Clocks run fast or slow.
    ClockRate(ClockRate),
    /// Wall clocks jump to and fro.
    ClockStrobe(ClockStrobe),
    /// Wall clocks stand still.
    ClockFreeze(OnNodes),
    /// Disks take no write and finish no sync.
    DiskStall(OnNodes),
    /// Disks say that a sync is done and do nothing.
    DiskLie(OnNodes),
}

/// A fault of nodes with nothing more to say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnNodes {
    /// Whom it strikes.
    pub target: Targets,
    /// How long it lasts.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

/// Nodes become slow.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// Whom it strikes.
    pub target: Targets,
    /// How long each of their steps takes.
    #[serde(with = "duration")]
    pub step: Duration,
    /// How long it lasts.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

/// Processes die.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Whom it strikes.
    pub target: Targets,
    /// How long they stay down.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
    /// What becomes of their disks.
    #[serde(default)]
    pub disk: DiskLoss,
}

/// What a crash does to the disk.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum DiskLoss {
    /// Nothing: the process died, the machine did not.
    #[default]
    Kept,
    /// A power failure: what was not synced is gone.
    UnsyncedLost,
    /// The disk comes back empty.
    Wiped,
}

/// Links are cut.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// One end.
    pub from: Targets,
    /// The other end.
    pub to: Targets,
    /// Whether only messages from `from` to `to` are cut, and answers still pass.
    #[serde(default)]
    pub one_way: bool,
    /// How long it lasts.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

/// The network falls into parts. Exactly one of `sides` and `shape` is given.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Groups that cannot reach each other; a node in none of them keeps all its links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sides: Vec<Targets>,
    /// A partition among the servers by its shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// How long it lasts.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

/// Well-known partitions among servers (the names are Jepsen's).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A minority on one side, the majority on the other.
    Halves,
    /// Two halves that do not see each other, and one server that sees both.
    Bridge,
    /// Every server sees a majority, and no two see the same one.
    MajoritiesRing,
}

/// A fault of links with a share.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnLinks {
    /// From whom.
    #[serde(default)]
    pub from: Targets,
    /// To whom.
    #[serde(default)]
    pub to: Targets,
    /// How many of a hundred messages it strikes.
    pub percent: u32,
    /// How long it lasts.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

/// Links become slow.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowLinks {
    /// From whom.
    #[serde(default)]
    pub from: Targets,
    /// To whom.
    #[serde(default)]
    pub to: Targets,
    /// How much longer a message takes.
    pub by: Delay,
    /// How long it lasts.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

/// Messages overtake each other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reorder {
    /// From whom.
    #[serde(default)]
    pub from: Targets,
    /// To whom.
    #[serde(default)]
    pub to: Targets,
    /// How many of a hundred messages are held back.
    pub percent: u32,
    /// How long at the most.
    #[serde(with = "duration")]
    pub by: Duration,
    /// How long it lasts.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

/// Wall clocks are set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockJump {
    /// Whom it strikes.
    pub target: Targets,
    /// How far, and which way.
    pub by: Shift,
    /// How long until the clock is set right.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

/// Clocks run at a wrong rate. The error that has gathered stays after the heal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRate {
    /// Whom it strikes.
    pub target: Targets,
    /// How many seconds the clocks count in 100 true seconds; 110 is 10 % fast.
    pub percent: u32,
    /// How long it lasts.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

/// Wall clocks jump to and fro.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockStrobe {
    /// Whom it strikes.
    pub target: Targets,
    /// How far.
    pub by: Shift,
    /// How long they stay wrong, and then right, in turn.
    #[serde(with = "duration")]
    pub every: Duration,
    /// How long it lasts.
    #[serde(rename = "for", default)]
    pub lasting: Lasting,
}

impl Kind {
    /// The names of all kinds, as scenario files spell them.
    pub const NAMES: [&'static str; 15] = [
        "pause",
        "slow",
        "crash",
        "cut",
        "partition",
        "loss",
        "duplicate",
        "delay",
        "reorder",
        "clock-jump",
        "clock-rate",
        "clock-strobe",
        "clock-freeze",
        "disk-stall",
        "disk-lie",
    ];

    /// What each kind does, in one line, in the order of [`NAMES`](Self::NAMES).
    pub const ABOUT: [&'static str; 15] = [
        "nodes stand still, as in a GC pause; time and mailboxes go on",
        "every step of a node takes longer",
        "processes die and come back; disks kept, unsynced writes lost, or wiped",
        "links between two groups are cut, with what is in flight; both ways or one way",
        "the network falls into sides, or into a bridge or a ring of majorities",
        "a share of the messages is lost",
        "a share of the messages arrives twice",
        "messages take longer",
        "a share of the messages is overtaken by later ones",
        "wall clocks are set forward or back",
        "clocks run fast or slow",
        "wall clocks jump to and fro",
        "wall clocks stand still",
        "disks take no write and finish no sync",
        "disks say that a sync is done and do nothing",
    ];

    /// Its name.
    pub fn name(&self) -> &'static str {
        let position = match self {
            Self::Pause(_) => 0,
            Self::Slow(_) => 1,
            Self::Crash(_) => 2,
            Self::Cut(_) => 3,
            Self::Partition(_) => 4,
            Self::Loss(_) => 5,
            Self::Duplicate(_) => 6,
            Self::Delay(_) => 7,
            Self::Reorder(_) => 8,
            Self::ClockJump(_) => 9,
            Self::ClockRate(_) => 10,
            Self::ClockStrobe(_) => 11,
            Self::ClockFreeze(_) => 12,
            Self::DiskStall(_) => 13,
            Self::DiskLie(_) => 14,
        };
        Self::NAMES[position]
    }

    /// Whom it strikes, if it is a fault of nodes and not of links.
    pub fn on_nodes(&self) -> Option<&Targets> {
        Some(match self {
            Self::Pause(on) | Self::ClockFreeze(on) | Self::DiskStall(on) | Self::DiskLie(on) => {
                &on.target
            }
            Self::Slow(slow) => &slow.target,
            Self::Crash(crash) => &crash.target,
            Self::ClockJump(jump) => &jump.target,
            Self::ClockRate(rate) => &rate.target,
            Self::ClockStrobe(strobe) => &strobe.target,
            Self::Cut(_)
            | Self::Partition(_)
            | Self::Loss(_)
            | Self::Duplicate(_)
            | Self::Delay(_)
            | Self::Reorder(_) => return None,
        })
    }

    /// How long it lasts.
    pub fn lasting(&self) -> Lasting {
        match self {
            Self::Pause(fault)
            | Self::ClockFreeze(fault)
            | Self::DiskStall(fault)
            | Self::DiskLie(fault) => fault.lasting,
            Self::Slow(fault) => fault.lasting,
            Self::Crash(fault) => fault.lasting,
            Self::Cut(fault) => fault.lasting,
            Self::Partition(fault) => fault.lasting,
            Self::Loss(fault) | Self::Duplicate(fault) => fault.lasting,
            Self::Delay(fault) => fault.lasting,
            Self::Reorder(fault) => fault.lasting,
            Self::ClockJump(fault) => fault.lasting,
            Self::ClockRate(fault) => fault.lasting,
            Self::ClockStrobe(fault) => fault.lasting,
        }
    }
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UntilHeal => f.write_str("heal"),
            Self::For(duration) => humantime::format_duration(*duration).fmt(f),
            Self::ForEver => f.write_str("ever"),
        }
    }
}

impl Serialize for Lasting {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lasting {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match String::deserialize(from)?.as_str() {
            "heal" => Ok(Self::UntilHeal),
            "ever" => Ok(Self::ForEver),
            text => crate::text::parse_duration(text)
                .map(Self::For)
                .map_err(|error| serde::de::Error::custom(format!("{error}, `heal` or `ever`"))),
        }
    }
}
