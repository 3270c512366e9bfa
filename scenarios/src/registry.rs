//! The shelf: which locks there are, and how each is set up for a scenario.

use crate::contestant::Contestant;
use crate::scenario::{Expiry, Persist, Scenario};
use locklab_protocols::contract::Protocol;
use locklab_protocols::raft::{self, Raft};
use locklab_protocols::ttl::{
    self, Redlock, Settings, Ttl, TtlNaive, TtlReplicated, TtlWatchdog, TtlWatchdogSilent,
};
use locklab_protocols::two_phase::{self, Conflict, Placement, TwoPhase};
use locklab_sim::names::unknown;
use std::fmt;
use std::sync::Arc;

/// Sets a lock up for a scenario.
type Build = dyn Fn(&Scenario) -> Box<dyn Contestant> + Send + Sync;

/// Sets a lock up for a scenario, to be run live.
#[cfg(unix)]
type BuildLive = dyn Fn(&Scenario) -> Box<dyn Live> + Send + Sync;

#[cfg(not(unix))]
use crate::contestant::Contestant as Live;
/// What every lock on the shelf is: a contestant that can also be run live, where there is a live
/// host.
#[cfg(unix)]
use crate::live::Live;

/// One lock on the shelf.
#[derive(Clone)]
pub struct Entry {
    name: String,
    about: String,
    build: Arc<Build>,
    #[cfg(unix)]
    live: Option<Arc<BuildLive>>,
}

impl Entry {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in one line.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The lock with the settings of this scenario.
    pub fn build(&self, scenario: &Scenario) -> Box<dyn Contestant> {
        (self.build)(scenario)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The locks that meet the scenarios, in the order of reports.
#[derive(Clone, Debug, Default)]
pub struct Contestants {
    entries: Vec<Entry>,
}

/// The names of the locks on the shelf, in the order of reports.
pub fn names() -> Vec<&'static str> {
    NAMES.to_vec()
}

/// The names by themselves: whoever only reads a scenario has no use for all the locks.
const NAMES: [&str; 12] = [
    "ttl-naive",
    "ttl",
    "ttl-watchdog",
    "ttl-watchdog-silent",
    "ttl-replicated",
    "redlock",
    "two-phase",
    "two-phase-wait-die",
    "two-phase-wound-wait",
    "two-phase-wait",
    "two-phase-bare",
    "raft",
];

/// A lock on the shelf: its name, what it is in one line, and how a scenario sets it up.
type Shelved = (&'static str, &'static str, fn(&Scenario) -> Box<dyn Live>);

const SHELF: [Shelved; NAMES.len()] = [
    ("ttl-naive", "SETNX, then EXPIRE, then DEL: the classic, and its flaws", |scenario| {
        Box::new(TtlNaive { settings: settings(scenario, TtlNaive::default().settings) })
    }),
    ("ttl", "one server, an owner value, a lease and a token", |scenario| {
        Box::new(Ttl { settings: settings(scenario, Ttl::default().settings) })
    }),
    ("ttl-watchdog", "a lease that is renewed while its owner lives; reentrant", |scenario| {
        Box::new(TtlWatchdog { settings: settings(scenario, TtlWatchdog::default().settings) })
    }),
    ("ttl-watchdog-silent", "the same, but its holder is not told of a lost lock", |scenario| {
        let usual = TtlWatchdogSilent::default().settings;
        Box::new(TtlWatchdogSilent { settings: settings(scenario, usual) })
    }),
    ("ttl-replicated", "a primary with an asynchronous replica, and failover", |scenario| {
        let usual = TtlReplicated::default();
        let wait_for_replica = scenario.lock.wait_for_replica.unwrap_or(usual.wait_for_replica);
        let settings = settings(scenario, usual.settings);
        Box::new(TtlReplicated { settings, wait_for_replica, ..usual })
    }),
    ("redlock", "a majority of independent servers; no token", |scenario| {
        let usual = Redlock::default();
        let servers = scenario.servers.unwrap_or(usual.servers);
        let restart_delay = scenario.lock.restart_delay.unwrap_or(usual.restart_delay);
        let settings = settings(scenario, usual.settings);
        Box::new(Redlock { settings, servers, restart_delay })
    }),
    ("two-phase", "two-phase commit; a conflict is refused at once", |scenario| {
        two_phase(scenario, Conflict::Refuse)
    }),
    ("two-phase-wait-die", "two-phase commit; the older waits, the younger dies", |scenario| {
        two_phase(scenario, Conflict::WaitDie)
    }),
    ("two-phase-wound-wait", "two-phase commit; the older wounds, the younger waits", |scenario| {
        two_phase(scenario, Conflict::WoundWait)
    }),
    ("two-phase-wait", "two-phase commit; all wait, in order, until a timeout", |scenario| {
        two_phase(scenario, Conflict::Wait)
    }),
    ("two-phase-bare", "two-phase commit without order or timeouts: it deadlocks", |scenario| {
        two_phase(scenario, Conflict::Bare)
    }),
    ("raft", "a lock service on a replicated log; sessions, queues, sets", |scenario| {
        let usual = Raft::default();
        let servers = scenario.servers.unwrap_or(usual.servers).max(3);
        Box::new(Raft { servers, settings: raft_settings(scenario, usual.settings) })
    }),
];

/// The settings of a lock service on a replicated log.
fn raft_settings(scenario: &Scenario, usual: raft::Settings) -> raft::Settings {
    let lock = &scenario.lock;
    raft::Settings {
        lease: lock.lease.unwrap_or(usual.lease),
        drift_percent: lock.drift_percent.unwrap_or(usual.drift_percent),
        acquire_timeout: lock.acquire_timeout.unwrap_or(usual.acquire_timeout),
        query_every: lock.query_every.unwrap_or(usual.query_every),
        snapshot_every: lock.snapshot_every.unwrap_or(usual.snapshot_every),
        snapshot_chunk: lock.snapshot_chunk.unwrap_or(usual.snapshot_chunk),
        append_limit: lock.append_limit.unwrap_or(usual.append_limit),
        transfer_every: lock.transfer_every.or(usual.transfer_every),
        reconfigure_every: lock.reconfigure_every.or(usual.reconfigure_every),
        ..usual
    }
}

/// Two-phase commit with this policy, set up for a scenario: the first server coordinates, or so
/// many as it says, and the others take part.
fn two_phase(scenario: &Scenario, conflict: Conflict) -> Box<dyn Live> {
    let lock = &scenario.lock;
    let usual = TwoPhase::with(conflict).settings;
    let lease = lock.lease.filter(|_| conflict.has_timeouts()).or(usual.lease);
    let coordinators = lock.coordinators.unwrap_or(usual.coordinators);
    let participants = scenario.servers.map(|servers| servers.saturating_sub(coordinators).max(1));
    let settings = two_phase::Settings {
        coordinators,
        participants: participants.unwrap_or(usual.participants),
        placement: lock.spread.map_or(usual.placement, |spread| match spread {
            true => Placement::Spread,
            false => Placement::Everywhere,
        }),
        lease: if lock.without_lease == Some(true) { None } else { lease },
        drift_percent: lock.drift_percent.unwrap_or(usual.drift_percent),
        acquire_timeout: lock.acquire_timeout.unwrap_or(usual.acquire_timeout),
        ..usual
    };
    Box::new(TwoPhase { settings })
}

/// The settings of a lock with a lease: its own, but for what the scenario sets.
fn settings(scenario: &Scenario, usual: Settings) -> Settings {
    let lock = &scenario.lock;
    Settings {
        lease: lock.lease.unwrap_or(usual.lease),
        lock_delay: lock.lock_delay.unwrap_or(usual.lock_delay),
        drift_percent: lock.drift_percent.unwrap_or(usual.drift_percent),
        expiry: lock.expiry.map_or(usual.expiry, Expiry::clock),
        persist: lock.persist.map_or(usual.persist, |persist| match persist {
            Persist::Always => ttl::Persist::Always,
            Persist::EverySecond => ttl::Persist::EverySecond,
            Persist::Never => ttl::Persist::Never,
        }),
        acquire_timeout: lock.acquire_timeout.unwrap_or(usual.acquire_timeout),
        ..usual
    }
}

impl Contestants {
    /// Nobody yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// All the locks on the shelf.
    pub fn shelf() -> Self {
        let entry = |&(name, about, build): &Shelved| Entry {
            name: name.to_owned(),
            about: about.to_owned(),
            build: Arc::new(move |scenario: &Scenario| -> Box<dyn Contestant> { build(scenario) }),
            #[cfg(unix)]
            live: Some(Arc::new(build)),
        };
        Self { entries: SHELF.iter().map(entry).collect() }
    }

    /// And this lock, the same in every scenario. It takes the place of one of the same name.
    #[must_use]
    pub fn with<P: Protocol>(self, protocol: P) -> Self {
        let name = Protocol::name(&protocol);
        self.with_setup(name, "a lock of your own", move |_| protocol.clone())
    }

    /// And this lock, the same in every scenario, which can also be run live. It takes the place of
    /// one of the same name. The program that runs its nodes must know it too: see
    /// [`live::node_main`](crate::live::node_main).
    #[cfg(unix)]
    #[must_use]
    pub fn with_live<P: locklab_protocols::contract::Portable>(self, protocol: P) -> Self {
        let name = Protocol::name(&protocol);
        let live: Arc<BuildLive> = Arc::new({
            let protocol = protocol.clone();
            move |_: &Scenario| -> Box<dyn Live> { Box::new(protocol.clone()) }
        });
        let mut all = self.with(protocol);
        if let Some(entry) = all.entries.iter_mut().find(|entry| entry.name == name) {
            entry.live = Some(live);
        }
        all
    }

    /// And this lock, set up for each scenario. It takes the place of one of the same name.
    #[must_use]
    pub fn with_setup<C: Contestant + 'static>(
        mut self,
        name: impl Into<String>,
        about: impl Into<String>,
        build: impl Fn(&Scenario) -> C + Send + Sync + 'static,
    ) -> Self {
        let build: Arc<Build> = Arc::new(move |scenario| Box::new(build(scenario)));
        let entry = Entry {
            name: name.into(),
            about: about.into(),
            build,
            #[cfg(unix)]
            live: None,
        };
        match self.entries.iter_mut().find(|known| known.name == entry.name) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
        self
    }

    /// Only those with these names, in this order.
    ///
    /// # Errors
    ///
    /// If a name is not known: a sentence with what may have been meant.
    pub fn only<N: AsRef<str>>(&self, names: &[N]) -> Result<Self, String> {
        let entries = names.iter().map(|name| self.entry(name.as_ref()).cloned());
        Ok(Self { entries: entries.collect::<Result<_, _>>()? })
    }

    /// The lock with this name, set up for this scenario.
    ///
    /// # Errors
    ///
    /// If the name is not known: a sentence with what may have been meant.
    pub fn build(&self, name: &str, scenario: &Scenario) -> Result<Box<dyn Contestant>, String> {
        self.entry(name).map(|entry| entry.build(scenario))
    }

    /// The lock with this name, set up for this scenario, to be run live.
    ///
    /// # Errors
    ///
    /// If the name is not known, or the lock joined without what a live run needs.
    #[cfg(unix)]
    pub fn live(&self, name: &str, scenario: &Scenario) -> Result<Box<dyn Live>, String> {
        let live = self.entry(name)?.live.as_ref();
        let live =
            live.ok_or_else(|| format!("`{name}` cannot be run live: it is not on the shelf"))?;
        Ok(live(scenario))
    }

    /// The entry with this name.
    ///
    /// # Errors
    ///
    /// If the name is not known: a sentence with what may have been meant.
    pub fn entry(&self, name: &str) -> Result<&Entry, String> {
        let found = self.entries.iter().find(|entry| entry.name == name);
        found.ok_or_else(|| unknown("protocol", name, self.names()))
    }

    /// All of them, in the order of reports.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Their names, in the order of reports.
    pub fn names(&self) -> Vec<&str> {
        self.entries.iter().map(Entry::name).collect()
    }
}
