//! The guarantees, by the names under which reports, scenarios and the command line know them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that a lock may guarantee.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// The servers' view: by their own account no two clients own a lock at once.
    GrantExclusion,
    /// The holders' view: at no instant of true time do two live clients both believe that they
    /// hold the same lock.
    MutualExclusion,
    /// Every grant's token is unique, and larger than that of every grant that had returned
    /// before its acquire began.
    TokenOrder,
    /// The storage never applies an operation with a token smaller than one that it has applied,
    /// nor one token from two owners.
    FencedWrites,
    /// Every acknowledged read-modify-write is in the final value; none overwrites another unseen.
    NoLostUpdate,
    /// A lease that its owner renews in time is not taken away.
    LeaseKept,
    /// Once faults end, every waiting live client is granted within a stated bound, and a dead
    /// owner's lock comes free.
    Progress,
    /// Clients that take several locks never wait in a circle.
    DeadlockFree,
    /// The protocol's own invariants: what its servers must agree on.
    Agreement,
    /// The history of lock operations fits a sequential lock.
    Linearizable,
}

impl Guarantee {
    /// All of them, in the order of reports: servers, holders, data, service, history.
    pub const ALL: [Self; 10] = [
        Self::GrantExclusion,
        Self::MutualExclusion,
        Self::TokenOrder,
        Self::FencedWrites,
        Self::NoLostUpdate,
        Self::LeaseKept,
        Self::Progress,
        Self::DeadlockFree,
        Self::Agreement,
        Self::Linearizable,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::GrantExclusion => "grant-exclusion",
            Self::MutualExclusion => "mutual-exclusion",
            Self::TokenOrder => "token-order",
            Self::FencedWrites => "fenced-writes",
            Self::NoLostUpdate => "no-lost-update",
            Self::LeaseKept => "lease-kept",
            Self::Progress => "progress",
            Self::DeadlockFree => "deadlock-free",
            Self::Agreement => "agreement",
            Self::Linearizable => "linearizable",
        }
    }

    /// What it means, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::GrantExclusion => "by the servers' account, no two clients own a lock at once",
            Self::MutualExclusion => "no two live clients believe at once that they hold a lock",
            Self::TokenOrder => "tokens are unique and grow from grant to grant",
            Self::FencedWrites => "the storage never applies an older token after a newer one",
            Self::NoLostUpdate => "no read-modify-write under the lock is overwritten unseen",
            Self::LeaseKept => "a lease that its owner renews in time is not taken away",
            Self::Progress => "once faults end, waiting clients are granted within a bound",
            Self::DeadlockFree => "clients that take several locks never wait in a circle",
            Self::Agreement => "servers never contradict each other on what the protocol decides",
            Self::Linearizable => "the history of operations fits a sequential lock",
        }
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_guarantee_has_its_name_and_its_sentence() {
        for guarantee in Guarantee::ALL {
            let written = serde_json::to_value(guarantee).expect("it can be written");
            assert_eq!(written, guarantee.name());
            assert_eq!(guarantee.to_string(), guarantee.name());
        }
        assert_eq!(
            BTreeSet::from(Guarantee::ALL.map(Guarantee::about)).len(),
            Guarantee::ALL.len()
        );
        assert!(Guarantee::Linearizable.about().contains("sequential"));
    }
}
