//! The specification: what a lock must guarantee, and who watches it.
//!
//! A lock is judged in three views at once. The *servers* keep an account of who owns it
//! ([`GrantExclusion`](Guarantee::GrantExclusion), [`LeaseKept`](Guarantee::LeaseKept)). The
//! *holders* act on what they believe ([`MutualExclusion`](Guarantee::MutualExclusion)), which is
//! what was true when they last heard of it. And something happens to the *data*
//! ([`FencedWrites`](Guarantee::FencedWrites), [`NoLostUpdate`](Guarantee::NoLostUpdate)). The
//! views part company, and that is the finding: a holder that stands still for longer than its
//! lease is wrong while its servers are right, and whether any data is lost then depends on a
//! fence at the storage; a failover that forgets a lock is wrong in all three.
//!
//! Around the views stand the tokens that a fence needs ([`TokenOrder`](Guarantee::TokenOrder)),
//! the service that people wait for ([`Progress`](Guarantee::Progress),
//! [`DeadlockFree`](Guarantee::DeadlockFree)), and the history of operations as a whole
//! ([`Linearizable`](Guarantee::Linearizable), see [`linearizable`]).
//!
//! # How a run is judged
//!
//! [`Monitors`] takes in the one stream of [observations](crate::contract::Observation), event by
//! event, and keeps for each guarantee the first break, with its time and a reason in plain words.
//! What the monitors remember grows with the number of clients and locks, not with the run, and
//! equal streams make equal monitors with equal hashes: a simulator feeds them every event, and a
//! model checker carries them in its state.
//!
//! # How to read a verdict
//!
//! [`Held`](Verdict::Held) means that the run put the guarantee to the test and it did not break.
//! A run in which one client was alone says nothing about exclusion; such a guarantee is
//! [`NotExercised`](Verdict::NotExercised), and the reason says what did not happen.
//! [`Unknown`](Verdict::Unknown) means that the check could not decide. Neither of the two ever
//! counts as held. [`Broken`](Verdict::Broken) says that a guarantee broke, not whose fault it is:
//! that depends on what the protocol [promises](crate::contract::Promise), and on what assumptions.

pub mod linearizable;

mod agreement;
mod deadlock_free;
mod fenced_writes;
mod goal;
mod grant_exclusion;
mod guarantee;
mod lease_kept;
mod linearizable_monitor;
mod monitor;
mod monitors;
mod mutual_exclusion;
mod no_lost_update;
mod progress;
mod scene;
mod table;
#[cfg(test)]
mod testing;
mod token_order;
mod verdict;

pub use agreement::{Facts, Subject};
pub use goal::{Goal, Goals};
pub use guarantee::Guarantee;
pub use monitors::{MonitorSettings, Monitors};
pub use verdict::Verdict;
