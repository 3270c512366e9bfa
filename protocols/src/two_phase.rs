//! Two-phase commit: a lock is taken on every node that guards it, or on none.
//!
//! Gray ("Notes on data base operating systems", 1978) gave the protocol; the variant here is
//! *presumed abort* (Mohan, Lindsay, Obermarck, "Transaction management in the R* distributed
//! database management system", 1986); what to do about conflicts is from Rosenkrantz, Stearns
//! and Lewis ("System level concurrency control for distributed database systems", 1978); why it
//! blocks, and what participants can do about it among themselves, from Skeen ("Nonblocking commit
//! protocols", 1981).
//!
//! # The two phases
//!
//! Server 1 is the [coordinator], the others are [participants](participant); with more than one
//! coordinator, the first servers are. A [client] asks a coordinator for a *set* of locks; the
//! coordinator opens an *attempt* with an id that no other attempt ever has.
//!
//! 1. *Voting.* The coordinator sends Prepare to every participant that guards a lock of the set.
//!    A participant whose locks are free writes down that it has prepared, and votes yes, with a
//!    fencing token for each lock that is larger than any it ever voted; else it votes no, or lets
//!    the attempt wait (see [`Conflict`]).
//! 2. *Decision.* If all voted yes, the coordinator forces the commit to its log, tells everybody
//!    until all have acknowledged, and only then forgets it. The token of a lock is the largest
//!    that was voted for it. One no, or one missing vote, and it says abort, and writes nothing.
//!
//! What is not in the log was aborted: a coordinator that restarts knows all commits that anybody
//! can still ask for, and answers "abort" to every other question. A participant that has not
//! voted may abort alone. One that has voted yes may not: it is *in doubt*, keeps its locks over
//! restarts, and asks the coordinator, then the other participants ([termination protocol][term]).
//!
//! [term]: participant
//!
//! # What it promises
//!
//! No two participants decide differently, no decision changes, and no lock that is in doubt is
//! given to another: on disks that keep what they synced, under any network, clock or crash. So do
//! the tokens grow, through aborts and restarts.
//!
//! A committed lock carries a *lease*, which its owner renews at the participants. With it, the
//! locks of a dead owner come free, and what a holder believes is as good as clocks and pauses
//! allow, as with every lease. Without it ([`Settings::lease`] is `None`) a holder is never wrong,
//! and a dead owner keeps his locks for ever: then there is no promise of progress.
//!
//! # Known flaws
//!
//! - It *blocks*. If the coordinator is gone after all participants voted yes, none of them may
//!   ever free its locks: no lease helps, for nothing was granted.
//! - Every guard of a lock must be up for anybody to take it: each replica more makes the lock
//!   less available.
//! - While a coordinator is down, nobody is granted anything by it; a second one
//!   ([`Settings::coordinators`]) goes on with the locks that are not in doubt.
//! - Where attempts wait in line, one of a dead coordinator still prepares when its turn comes, and
//!   blocks the lock then.
//! - A policy orders attempts, and an attempt is one set. Clients that take their locks one by one,
//!   each in its own order, can still wait for each other in a circle: whoever is refused keeps
//!   what it has from before. A set, or one order for all, avoids that.
//! - Deciding alone after a while (a *heuristic* decision) would trade the blocking for a broken
//!   agreement; it is not done here.
//!
//! | protocol | what becomes of a conflict |
//! | --- | --- |
//! | `two-phase` | refused at once; the client comes again after a random while |
//! | `two-phase-wait-die` | the older waits, the younger dies |
//! | `two-phase-wound-wait` | the older wounds, the younger waits |
//! | `two-phase-wait` | all wait, participants in one order, until a timeout |
//! | `two-phase-bare` | all wait, in no order and without any timeout: it deadlocks and it blocks |

pub mod client;
pub mod coordinator;
pub mod message;
pub mod participant;

mod agreement;
mod protocol;
mod server;
mod settings;
#[cfg(test)]
mod testing;

pub use protocol::TwoPhase;
pub use server::{Server, ServerChange, ServerDisk, ServerTimer};
pub use settings::{Conflict, Placement, Settings};

use crate::id::{Incarnation, ServerId};
use message::AttemptId;

/// How many bits of the number of an attempt tell the life of its coordinator, and how many count
/// in that life; those above tell the coordinator.
const BITS: (u32, u32) = (24, 32);

/// One number for an attempt, in the order of attempts.
fn attempt_number(attempt: AttemptId) -> u64 {
    let coordinator = u64::from(attempt.coordinator.0) << (BITS.0 + BITS.1);
    coordinator | u64::from(attempt.life.0) << BITS.1 | u64::from(attempt.number)
}

/// The attempt with this number.
fn attempt_of(number: u64) -> AttemptId {
    let part = |from: u32, bits: u32| number >> from & ((1 << bits) - 1);
    let small = |number: u64| u32::try_from(number).unwrap_or_default();
    AttemptId {
        coordinator: ServerId(small(number >> (BITS.0 + BITS.1))),
        life: Incarnation(small(part(BITS.1, BITS.0))),
        number: small(part(0, BITS.1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_and_its_number_say_the_same() {
        let attempt = |coordinator, life, number| AttemptId {
            coordinator: ServerId(coordinator),
            life: Incarnation(life),
            number,
        };
        let largest = attempt(255, (1 << 24) - 1, u32::MAX);
        let all = [attempt(1, 1, 1), attempt(1, 1, 2), attempt(1, 2, 1), attempt(2, 1, 1), largest];
        for pair in all.windows(2) {
            assert!(attempt_number(pair[0]) < attempt_number(pair[1]), "{pair:?}");
        }
        assert_eq!(all.map(|attempt| attempt_of(attempt_number(attempt))), all);
        assert_eq!(attempt_number(attempt(1, 2, 3)), 0x0100_0002_0000_0003);
        assert_eq!(attempt_number(largest), u64::MAX);
    }
}
