//! The model checker: every interleaving of a lock, within bounds.
//!
//! The simulator samples runs; this exhausts them. The nodes are the same, stepped by the same
//! [`System`](locklab_protocols::system::System), and judged by the same monitors. What the
//! simulator draws at random is here each possible choice in turn: which message arrives next,
//! which timer fires, where a process dies.
//!
//! # Time
//!
//! There is none. A timer that runs may fire at any moment, or never; a message may take for
//! ever. Every pause, every clock error and every delay is therefore among the runs, however
//! unlikely: a process that is not scheduled for a while is a process that stands still. A lock
//! that is exclusive only while clocks are good is not exclusive here, and the shortest way to the
//! break is the story to tell.
//!
//! # How it is fast
//!
//! A [`State`] is a handful of numbers (see `shelf`); what a step leads to is worked out once for
//! each node state and input, and not once for each state of the system (see `desk`).
//!
//! # How far it goes
//!
//! [`Bounds`] say how often everything may happen, and a [`Reach`] how far a server may go in terms of
//! its protocol. Each move that one of them forbids is counted, and told with every verdict. So that
//! an empty search cannot pass, a [`Configuration`] names goals and [`Landmark`]s that must be found.
//! A search may begin where something is at stake ([`Prelude`]). Of states that differ only by who
//! is who of nodes that are alike one is gone on from, where a configuration says which these are
//! (see `symmetry`). Independent moves are tried in every order.
//!
//! # What is not looked at, and why that is sound
//!
//! A delivery or a timer that changes nothing is skipped, and so is a message that is thrown
//! away: what can happen after it can also happen while the message stays in the network for
//! ever and the timer goes on running. What the guarantees look at (nodes, and what was seen of
//! them) is the same in both.

mod action;
mod anyone;
mod bounds;
pub mod catalogue;
mod check;
mod checked;
mod configuration;
mod desk;
mod explore;
mod follow;
mod model;
mod part;
mod prelude;
mod route;
mod search;
mod shelf;
mod state;
mod story;
mod subject;
mod symmetry;
pub mod timed;
mod walk;
mod witness;

pub use action::{Action, Cause};
pub use anyone::{AnyClient, Anyone, Nobody};
pub use bounds::{Bound, Bounds, Cuts, MOST_IN_FLIGHT};
pub use check::{Finding, Limits, Passed, Progress, Report, check};
pub use configuration::{Configuration, Cue, Fires, IsHere, Landmark, Prelude, Reach, Within};
pub use follow::{Follower, Sight};
pub use model::LockModel;
pub use route::{Death, Left, Reason, Stop};
pub use search::{Found, shortest, shortest_while};
pub use state::{MOST_NODES, State};
pub use story::{Step, What, tell};
pub use subject::{Cast, Size, Subject, subjects};
pub use walk::{Stumble, Walked, Walks, beyond, walk};
