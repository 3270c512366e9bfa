//! Whom a fault strikes: by number, or by the role that a node has when the fault strikes.

use crate::names;
use locklab_protocols::id::{ClientId, NodeId, ServerId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Some nodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// The client that was granted a lock last and still believes that it holds it.
    Holder,
    /// The client that has waited longest for a lock.
    NextWaiter,
    /// The node at which the event happened that triggered the fault.
    Subject,
    /// The servers that lead by their own belief.
    Leader,
    /// The storage.
    Storage,
    /// One server.
    Server(ServerId),
    /// One client.
    Client(ClientId),
    /// The servers with the largest numbers, fewer than half of all.
    Minority,
    /// The servers with the smallest numbers, more than half of all.
    Majority,
    /// All servers.
    Servers,
    /// All clients.
    Clients,
    /// Every node.
    All,
    /// The servers that do not lead.
    Followers,
    /// The leaders, and others beside them as long as they are fewer than half of all servers.
    LeaderMinority,
    /// The servers that are not in `leader-minority`.
    OtherMajority,
    /// The leaders, and as many others as it takes for more than half of all servers.
    LeaderMajority,
    /// The servers that are not in `leader-majority`.
    OtherMinority,
}

/// The names of all targets, as scenario files spell them.
pub const NAMES: [&str; 17] = [
    "holder",
    "next-waiter",
    "subject",
    "leader",
    "storage",
    "server N",
    "client N",
    "minority",
    "majority",
    "servers",
    "clients",
    "all",
    "followers",
    "leader-minority",
    "other-majority",
    "leader-majority",
    "other-minority",
];

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "holder" => Self::Holder,
            "next-waiter" => Self::NextWaiter,
            "subject" => Self::Subject,
            "leader" => Self::Leader,
            "storage" => Self::Storage,
            "minority" => Self::Minority,
            "majority" => Self::Majority,
            "servers" => Self::Servers,
            "clients" => Self::Clients,
            "all" => Self::All,
            "followers" => Self::Followers,
            "leader-minority" => Self::LeaderMinority,
            "other-majority" => Self::OtherMajority,
            "leader-majority" => Self::LeaderMajority,
            "other-minority" => Self::OtherMinority,
            _ => match text.split_once(' ') {
                Some(("server", number)) => Self::Server(ServerId(parse_number(text, number)?)),
                Some(("client", number)) => Self::Client(ClientId(parse_number(text, number)?)),
                _ => return Err(names::unknown("target", text, NAMES)),
            },
        })
    }
}

fn parse_number(text: &str, number: &str) -> Result<u32, String> {
    match number.parse() {
        Ok(0) | Err(_) => Err(format!("`{text}` names no node; numbers start at 1")),
        Ok(number) => Ok(number),
    }
}

impl From<NodeId> for Target {
    fn from(node: NodeId) -> Self {
        match node {
            NodeId::Server(id) => Self::Server(id),
            NodeId::Client(id) => Self::Client(id),
            NodeId::Storage => Self::Storage,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server(id) => return write!(f, "server {}", id.0),
            Self::Client(id) => return write!(f, "client {}", id.0),
            Self::Holder => "holder",
            Self::NextWaiter => "next-waiter",
            Self::Subject => "subject",
            Self::Leader => "leader",
            Self::Storage => "storage",
            Self::Minority => "minority",
            Self::Majority => "majority",
            Self::Servers => "servers",
            Self::Clients => "clients",
            Self::All => "all",
            Self::Followers => "followers",
            Self::LeaderMinority => "leader-minority",
            Self::OtherMajority => "other-majority",
            Self::LeaderMajority => "leader-majority",
            Self::OtherMinority => "other-minority",
        })
    }
}

/// One target or several; in a file a string or a list of strings. Everybody if left out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Targets(pub Vec<Target>);

impl Default for Targets {
    fn default() -> Self {
        Self(vec![Target::All])
    }
}

impl From<Target> for Targets {
    fn from(target: Target) -> Self {
        Self(vec![target])
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, target) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{target}")?;
        }
        Ok(())
    }
}

impl Serialize for Targets {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => to.collect_str(one),
            several => to.collect_seq(several.iter().map(Target::to_string)),
        }
    }
}

impl<'de> Deserialize<'de> for Targets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Targets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a target such as \"holder\", or a list of targets")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Targets, E> {
                text.parse().map(|target: Target| Targets::from(target)).map_err(E::custom)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Targets, A::Error> {
                let mut targets = Vec::new();
                while let Some(text) = list.next_element::<String>()? {
                    targets.push(text.parse().map_err(serde::de::Error::custom)?);
                }
                if targets.is_empty() {
                    return Err(serde::de::Error::custom("a list of targets needs at least one"));
                }
                Ok(Targets(targets))
            }
        }

        from.deserialize_any(Visitor)
    }
}
