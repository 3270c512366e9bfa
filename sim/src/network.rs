//! The network: how long a message takes, and whether it arrives at all.

mod delay;

pub use delay::Delay;

use crate::fault::Targets;
use serde::{Deserialize, Serialize};

/// How the links behave when no fault is on them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// How long a message takes.
    pub delay: Delay,
    /// How many of a hundred messages are lost.
    #[serde(skip_serializing_if = "is_zero")]
    pub loss_percent: u32,
    /// How many of a hundred messages arrive twice.
    #[serde(skip_serializing_if = "is_zero")]
    pub duplicate_percent: u32,
    /// Links that are different; the last one that fits counts.
    #[serde(rename = "link", skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// Links that are different from the rest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// From whom, by number or group; roles that change make no link.
    #[serde(default)]
    pub from: Targets,
    /// To whom.
    #[serde(default)]
    pub to: Targets,
    /// How long a message takes.
    pub delay: Delay,
    /// How many of a hundred messages are lost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub loss_percent: u32,
    /// How many of a hundred messages arrive twice.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub duplicate_percent: u32,
}

fn is_zero(percent: &u32) -> bool {
    *percent == 0
}
