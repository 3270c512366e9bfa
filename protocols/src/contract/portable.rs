//! Protocols that can be written down, and so run as real processes.

use super::node::{Disk, Node};
use super::protocol::Protocol;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A protocol whose messages, timers and disks can be written down: what its nodes say goes over
/// sockets, what they keep goes into files, and what happened to them goes into a journal.
///
/// Nothing is to be implemented: a protocol is portable as soon as these types derive serde's
/// `Serialize` and `Deserialize`.
pub trait Portable:
    Protocol<
        Message: Written,
        Server: Node<Timer: Written, Disk: Disk<Change: Written> + Written>,
        Client: Node<Timer: Written, Disk: Disk<Change: Written> + Written>,
    >
{
}

impl<P> Portable for P where
    P: Protocol<
            Message: Written,
            Server: Node<Timer: Written, Disk: Disk<Change: Written> + Written>,
            Client: Node<Timer: Written, Disk: Disk<Change: Written> + Written>,
        >
{
}

/// What can be written down and read back.
pub trait Written: Serialize + DeserializeOwned {}

impl<T: Serialize + DeserializeOwned> Written for T {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Raft;
    use crate::ttl::{Redlock, Ttl, TtlNaive, TtlReplicated, TtlWatchdog, TtlWatchdogSilent};
    use crate::two_phase::TwoPhase;

    fn name<P: Portable + Default>() -> &'static str {
        P::default().name()
    }

    /// Compiles only if they are.
    #[test]
    fn the_reference_locks_are_portable() {
        let names = [
            name::<Ttl>(),
            name::<TtlNaive>(),
            name::<TtlWatchdog>(),
            name::<TtlWatchdogSilent>(),
            name::<TtlReplicated>(),
            name::<Redlock>(),
            name::<TwoPhase>(),
            name::<Raft>(),
        ];
        assert!(names.iter().all(|name| !name.is_empty()));
    }
}
