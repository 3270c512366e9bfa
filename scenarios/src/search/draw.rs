//! Draws a scenario for a lock: how busy it is, how its world behaves, and what goes wrong.
//!
//! Everything is in the value that comes out; writing it as TOML and reading it gives the same
//! run. Most draws have an *aim*: a promise of the lock whose assumptions the whole scenario keeps,
//! for a break outside of them says nothing new. A fault that would leave the assumptions is drawn
//! again, so that what is left is as bad as the promise allows. One draw in eight aims at nothing.
//!
//! Each draw switches whole kinds of faults off (swarm testing, Groce et al., ISSTA 2012), for a
//! frequent kind hides what a rare one does, and has an intensity from gentle to brutal.
//!
//! The draws come from one stream of [`Chance`] and not from proptest's own strategies: the
//! number of a draw is then all that a report needs, at any thread count, and what is found is
//! made small by a shrinker that knows scenarios (see [`shrink`](mod@crate::shrink)) and stops at
//! a valid one each time. [`plans`] is the same as a proptest strategy.

mod faults;
mod mutation;

pub use mutation::mutate;

use crate::contestant::Contestant;
use crate::promise;
use crate::registry::Entry;
use crate::scenario::{Expiry, LockSettings, Persist, Scenario};
use faults::{FaultDraw, is_cut_at_a_renewal};
use locklab_protocols::application::{Choice, LockOrder, Workload};
use locklab_protocols::contract::{Promise, Span};
use locklab_protocols::storage::Fencing;
use locklab_sim::chance::Chance;
use locklab_sim::network::{Delay, Network};
use proptest::strategy::Strategy;
use std::time::Duration;

/// So often another scenario is drawn, if one cannot keep what a promise assumes.
const TRIES: u32 = 24;

/// Each so many-th scenario has no faults: it is the control of the others.
const CONTROLS: u64 = 16;

/// The scenarios of a lock as a proptest strategy.
pub fn plans(entry: &Entry) -> impl Strategy<Value = Scenario> + use<> {
    let entry = entry.clone();
    proptest::arbitrary::any::<u64>().prop_map(move |number| draw(&entry, number))
}

/// The scenario of this number for this lock.
pub fn draw(entry: &Entry, number: u64) -> Scenario {
    let mut draw = Draw { chance: Chance::new(number, &("search", entry.name())) };
    let servers = draw.servers(entry.name());
    for _ in 0..TRIES {
        let scenario = Scenario { servers, ..draw.quiet(entry.name(), number) };
        let contestant = entry.build(&scenario);
        if !scenario.is_for(contestant.as_ref()) {
            continue;
        }
        let promises = contestant.promises();
        if number.is_multiple_of(CONTROLS) {
            return scenario;
        }
        let aim = draw.aim(&promises);
        if aim.is_none_or(|promise| promise::inside(promise, &scenario).is_ok()) {
            return draw.disturbed(scenario, contestant.as_ref(), aim);
        }
    }
    Scenario { servers, name: name(number), ..Scenario::default() }.only_for(entry.name())
}

fn name(number: u64) -> String {
    format!("random-{number}")
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Draws one value after the other.
struct Draw {
    chance: Chance,
}

impl Draw {
    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.chance.below(all.len() as u64) as usize]
    }

    fn sometimes<T>(&mut self, percent: u32, what: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance.percent(percent).then(|| what(self))
    }

    fn servers(&mut self, protocol: &str) -> Option<usize> {
        match protocol {
            "raft" | "redlock" => Some(self.one_of(&[3, 3, 5])),
            name if name.starts_with("two-phase") => Some(self.one_of(&[2, 3, 4])),
            _ => None,
        }
    }

    /// Which promise the scenario is to keep the assumptions of: each guarantee alike, however
    /// many promises there are of it.
    fn aim<'a>(&mut self, promises: &'a [Promise]) -> Option<&'a Promise> {
        if promises.is_empty() || self.chance.percent(12) {
            return None;
        }
        let mut guarantees: Vec<_> = promises.iter().map(|promise| promise.guarantee).collect();
        guarantees.sort_unstable();
        guarantees.dedup();
        let guarantee = self.one_of(&guarantees);
        let of_it: Vec<&Promise> =
            promises.iter().filter(|promise| promise.guarantee == guarantee).collect();
        Some(self.one_of(&of_it))
    }

    /// A scenario without faults.
    fn quiet(&mut self, protocol: &str, number: u64) -> Scenario {
        let lease = millis(self.one_of(&[1_000, 1_000, 2_000, 4_000, 10_000]));
        Scenario {
            name: name(number),
            clients: self.chance.between(2, 5) as usize,
            workload: self.workload(lease),
            fencing: self.one_of(&[
                Fencing::None,
                Fencing::Writes,
                Fencing::ReadsAndWrites,
                Fencing::ReadsAndWrites,
            ]),
            lock: self.lock(lease),
            network: self.network(),
            sync_time: millis(self.one_of(&[0, 1, 1, 5])),
            heal_at: millis(self.chance.between(5_000, 20_000)),
            settle: Duration::from_secs(31),
            progress_within: Duration::from_secs(30),
            ..Scenario::default()
        }
        .only_for(protocol)
    }

    fn span(&mut self, least: u64, most: u64) -> Span {
        let one = self.chance.between(least, most);
        let other = self.chance.between(least, most);
        (millis(one.min(other))..=millis(one.max(other))).into()
    }

    fn workload(&mut self, lease: Duration) -> Workload {
        let locks = self.one_of(&[1, 1, 1, 2, 3]);
        let tenth = u64::try_from(lease.as_millis() / 10).unwrap_or(1_000);
        // Short sections, some that need a renewal, a few that outlive the lease.
        let most = self.one_of(&[tenth, tenth, tenth, tenth * 6, tenth * 25, tenth * 25]);
        Workload {
            locks,
            choice: self.one_of(&[Choice::Uniform, Choice::Zipf]),
            locks_at_once: if self.chance.percent(25) { locks } else { 1 },
            order: self.one_of(&[LockOrder::Global, LockOrder::Global, LockOrder::Set]),
            depth: self.one_of(&[1, 1, 1, 2]),
            // Who takes a lock again at once starves those who poll for it: known, and not what
            // is looked for.
            think: self.span(200, 900),
            hold: self.span(1, most),
            ..Workload::default()
        }
    }

    fn lock(&mut self, lease: Duration) -> LockSettings {
        LockSettings {
            lease: Some(lease),
            lock_delay: self.sometimes(15, |draw| millis(draw.one_of(&[500, 2_000]))),
            expiry: self.sometimes(50, |draw| draw.one_of(&[Expiry::Wall, Expiry::Monotonic])),
            persist: self
                .sometimes(15, |draw| draw.one_of(&[Persist::EverySecond, Persist::Never])),
            acquire_timeout: self
                .sometimes(50, |draw| millis(draw.one_of(&[300, 1_000, 4_000, 10_000]))),
            wait_for_replica: self.sometimes(50, |draw| draw.chance.percent(50)),
            spread: self.sometimes(30, |draw| draw.chance.percent(50)),
            snapshot_every: self.sometimes(60, |draw| draw.one_of(&[4, 16, 64])),
            transfer_every: self.sometimes(25, |draw| draw.seldom(lease)),
            reconfigure_every: self.sometimes(25, |draw| draw.seldom(lease)),
            ..LockSettings::default()
        }
    }

    /// Seldom enough for leases to end in between.
    fn seldom(&mut self, lease: Duration) -> Duration {
        lease * 3 / 2 + millis(self.chance.below(4_000))
    }

    fn network(&mut self) -> Network {
        let delay = match self.chance.below(8) {
            0 => Delay::Constant(millis(self.chance.between(1, 10))),
            1 => Delay::Exponential { mean: millis(5), most: millis(200) },
            2 => Delay::LogNormal { median: millis(3), sigma_percent: 80, most: millis(150) },
            // So slow that every request may be overtaken by the next one.
            3 => Delay::Uniform(millis(1), millis(self.one_of(&[100, 300, 700]))),
            _ => Delay::default(),
        };
        Network {
            delay,
            loss_percent: self.sometimes(15, |draw| draw.one_of(&[1, 5, 10])).unwrap_or(0),
            duplicate_percent: self.sometimes(10, |draw| draw.one_of(&[1, 10])).unwrap_or(0),
            links: Vec::new(),
        }
    }

    /// Adds faults, all of which keep what the aim assumes.
    fn disturbed(
        mut self,
        mut scenario: Scenario,
        contestant: &dyn Contestant,
        aim: Option<&Promise>,
    ) -> Scenario {
        // Gentle, usual, brutal.
        let (least, most) = self.one_of(&[(1, 1), (1, 3), (1, 3), (2, 5), (4, 8)]);
        let wanted = self.chance.between(least, most) as usize;
        let share = self.one_of(&[20, 40, 70]);
        let mut faults = FaultDraw::new(&mut self.chance, &scenario, contestant, share);
        for _ in 0..wanted * 4 {
            if scenario.faults.len() == wanted {
                break;
            }
            let Some(fault) = faults.draw(&scenario.faults) else { break };
            let at_a_renewal = is_cut_at_a_renewal(&fault);
            scenario.faults.push(fault);
            let keeps = |scenario: &Scenario| {
                aim.is_none_or(|promise| promise::inside(promise, scenario).is_ok())
            };
            if !keeps(&scenario) {
                scenario.faults.pop();
            } else if at_a_renewal && let Some(hold) = faults.long_hold() {
                let before = std::mem::replace(&mut scenario.workload.hold, hold);
                if !keeps(&scenario) {
                    scenario.workload.hold = before;
                }
            }
        }
        scenario
    }
}
