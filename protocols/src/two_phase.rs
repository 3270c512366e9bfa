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
//! Server 1 is the [coordinator], the others are [participants](participant). A [client] asks the
//! coordinator for a *set* of locks; the coordinator opens an *attempt* with an id that no other
//! attempt ever has.
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
//! - One coordinator, and while it is down nobody is granted anything.
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

pub use protocol::TwoPhase;
pub use server::{Server, ServerChange, ServerDisk, ServerTimer};
pub use settings::{Conflict, Placement, Settings};

use crate::id::ServerId;

/// The server that coordinates.
pub const COORDINATOR: ServerId = ServerId(1);

/// One number for an attempt.
fn attempt_number(attempt: message::AttemptId) -> u64 {
    u64::from(attempt.life.0) << 32 | u64::from(attempt.number)
}

/// The attempt with this number.
fn attempt_of(number: u64) -> message::AttemptId {
    let part = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
    message::AttemptId { life: crate::id::Incarnation(part(number >> 32)), number: part(number) }
}
