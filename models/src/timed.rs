//! The timed model: every interleaving of a lock, with clocks that are off and nodes that stand
//! still, within bounds that are numbers.
//!
//! In the [untimed model](crate) any timer fires at any moment, so a lease never excludes anybody.
//! Here time passes, and a timer fires when its time has come: not before the fastest clock allows,
//! and not after the slowest asks, unless its node stands still. So the model says *when* a lease
//! excludes: it exhausts mutual exclusion while clocks and pauses are within what the settings of a
//! lock cover, and breaks it one tick outside. [`border`] draws that border.
//!
//! The nodes are the same, stepped by the same [`System`](locklab_protocols::system::System).
//!
//! # Time
//!
//! A *tick* is the unit in which bounds are given ([`Times`]); time moves on by half a tick, so that
//! what happens within a tick has an order. Moves take no time; between two half ticks any number
//! of them happens, in any order. (A run in continuous time whose bounds are whole numbers can be
//! moved onto whole numbers without changing the order of what happens: Henzinger, Manna and
//! Pnueli, "What good are digital clocks?", 1992.)
//!
//! No time of day and no count of ticks is in a state. Each timer that is measured has a window:
//! how soon it may fire, and how soon it must. Both shrink while time passes, and stay at nothing.
//! A state is therefore known again whenever all distances in it are the same, and there are
//! finitely many, however long a run is.
//!
//! # Clocks
//!
//! The rate of a clock is anything within the bound, and may change at any moment: a timer of 10
//! ticks on a clock that is true within 25 % fires after 8 to 13.3 ticks of true time. A window is
//! the whole of that range, rounded outwards to half ticks, so that what is exhausted is exhausted
//! for every clock in between. What it adds to the truth: two timers of one node may fire as if they
//! ran on two clocks.
//!
//! A reading of a clock is the same whenever somebody asks; what is armed for a later reading is
//! measured from the moment of asking. That is sound for nodes that arm in the same step as they
//! ask, and the model refuses others.
//!
//! # Pauses, delays, and other timers
//!
//! A client stands still for up to a bound, as often as it likes, but does what is due before it
//! stands still again. It begins to at the last moment, when something must happen: to stand still
//! before that is the same as to have nothing to do. Servers stand still for as long as they like.
//! A message takes up to a bound, or as long as it likes; a message that takes for ever is lost.
//!
//! Which timers are measured is part of a [`Configuration`]. The others fire at any moment or
//! never, as in the untimed model, so that what is exhausted is exhausted for all of their settings:
//! how long an application works, how soon it asks again.

mod bench;
pub mod border;
pub mod catalogue;
mod check;
mod checked;
mod clocked;
mod desk;
mod model;
mod state;
mod story;
mod times;

pub use check::{Break, Report, check};
pub use model::{Configuration, Measured, TimedModel};
pub use state::{Move, State, Why};
pub use story::{Moment, tell};
pub use times::Times;
