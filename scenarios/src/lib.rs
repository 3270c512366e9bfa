//! Scenarios: what goes wrong, who meets it, and what becomes of it.
//!
//! A [`Scenario`](scenario::Scenario) is a situation as data: who works how hard, what fails when,
//! what is known of each lock there, and what a run must reach to count. Those that come with
//! Locklab are the [`catalogue`]: calm weather, each kind of fault alone, and the incidents of the
//! public record with their times. Everybody who meets them is a
//! [`Contestant`](contestant::Contestant): a lock with its settings. Those that come with Locklab
//! stand on the shelf ([`registry`]).
//!
//! A [`suite`] lets contestants meet scenarios on many seeds, all of them on the same ones, and
//! pools what the runs say into one [cell](judge::Cell) for each protocol, scenario and guarantee.
//! A cell is then held against two things. What the lock [promises](promise) under assumptions
//! that the scenario keeps must hold. And what the scenario expects must come out, the breaks
//! too: a break that is no longer found means that somebody has gone blind.
//!
//! # Bring your own lock
//!
//! Write a [`Protocol`](locklab_protocols::contract::Protocol); its page shows a whole lock in
//! some forty lines. Then it joins with one line, here `.with(..)`, which takes a lock with
//! settings of its own as an example:
//!
//! ```
//! use locklab_protocols::spec::Guarantee;
//! use locklab_protocols::ttl::{Settings, Ttl};
//! use locklab_scenarios::judge::Judgement;
//! use locklab_scenarios::{catalogue, registry::Contestants, suite::compare};
//! use std::sync::atomic::AtomicBool;
//! use std::time::Duration;
//!
//! // A lease of four seconds, all of which its holder uses: no margin at all.
//! let lease = Duration::from_secs(4);
//! let mine = Ttl { settings: Settings { lease, drift_percent: 0, ..Settings::default() } };
//!
//! let contestants = Contestants::none().with(mine);
//! let scenarios = [catalogue::find("calm")?, catalogue::find("gc-pause-past-lease")?];
//! let found = compare(&contestants, &scenarios, 0..5, &|_| {}, &AtomicBool::new(false));
//!
//! let verdict = |scenario: &str, guarantee: Guarantee| {
//!     let mut cells = found.cells.iter();
//!     cells.find(|c| c.scenario == scenario && c.guarantee == guarantee).map(|c| c.verdict)
//! };
//! assert_eq!(verdict("calm", Guarantee::MutualExclusion), Some(Judgement::Held));
//! assert_eq!(
//!     verdict("gc-pause-past-lease", Guarantee::MutualExclusion),
//!     Some(Judgement::Broken),
//! );
//! assert_eq!(
//!     verdict("gc-pause-past-lease", Guarantee::NoLostUpdate),
//!     Some(Judgement::Held), // Its tokens and the fence save the data.
//! );
//! # Ok::<(), String>(())
//! ```
//!
//! A scenario of your own is a file like those of the catalogue; see [`scenario`].

pub mod artifact;
pub mod catalogue;
pub mod contestant;
pub mod envelope;
pub mod judge;
#[cfg(unix)]
pub mod live;
pub mod promise;
pub mod registry;
pub mod scenario;
pub mod search;
pub mod shrink;
pub mod story;
pub mod suite;
pub mod trace;

/// What plays the runs, for those who look into outcomes.
pub use locklab_sim as sim;
