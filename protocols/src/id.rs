//! Who is who: names of nodes, locks and tokens.
//!
//! Every id is a newtype over a number that starts at 1, so that what a person reads (`c1`, `s2`,
//! `L1`) and what a program stores are the same. Nothing here is a wall-clock time, a random
//! value or an address.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The id at this position (positions start at 0, ids at 1).
            pub fn at(index: usize) -> Self {
                Self(u32::try_from(index + 1).expect("fewer than 2^32 of them"))
            }

            /// The position of this id, starting at 0.
            pub fn index(self) -> usize {
                self.0 as usize - 1
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}

numbered!(
    /// A client: the process in which an application uses locks. Shown as `c1`, `c2`, ...
    ClientId,
    "c"
);
numbered!(
    /// A server of the lock protocol. Shown as `s1`, `s2`, ...
    ServerId,
    "s"
);
numbered!(
    /// A lock, and the resource at the storage that it guards. Shown as `L1`, `L2`, ...
    LockId,
    "L"
);

/// Any node of the system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeId {
    /// A server of the lock protocol.
    Server(ServerId),
    /// A client with its application.
    Client(ClientId),
    /// The storage that keeps the guarded resources.
    Storage,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(id) => id.fmt(f),
            Self::Client(id) => id.fmt(f),
            Self::Storage => f.write_str("storage"),
        }
    }
}

/// Counts the starts of one node; the host never gives a node the same number twice.
///
/// It stands for what a real process draws afresh when it starts (a boot id, a random owner
/// value) and is the only thing that tells a restarted client from the one before it.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Incarnation(pub u32);

/// One life of one client: what servers remember as the owner of a lock.
///
/// A client that crashed and came back is another owner, as a process with a new random value is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Owner {
    /// The client.
    pub client: ClientId,
    /// Which of its lives.
    pub incarnation: Incarnation,
}

impl fmt::Display for Owner {
    /// `c1` for the first life, `c1'2` for the second, and so on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.incarnation.0 {
            0 | 1 => self.client.fmt(f),
            life => write!(f, "{}'{life}", self.client),
        }
    }
}

/// A fencing token: a number that grows with every grant of a lock (Kleppmann 2016; Chubby's
/// sequencer, Burrows 2006, section 2.4).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Token(pub u64);

impl Token {
    /// The next larger token.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Owner {
    /// The first life of a client.
    pub fn first(client: ClientId) -> Self {
        Self { client, incarnation: Incarnation(1) }
    }
}

impl From<ServerId> for NodeId {
    fn from(id: ServerId) -> Self {
        Self::Server(id)
    }
}

impl From<ClientId> for NodeId {
    fn from(id: ClientId) -> Self {
        Self::Client(id)
    }
}
