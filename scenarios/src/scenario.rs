//! A scenario: a situation in which locks are watched, as a value.
//!
//! It says who works how hard, what goes wrong when, what is known about each lock there, and
//! what must be reached for a run to count. It is written as TOML (see [`Scenario::from_toml`])
//! or built in Rust; both give the same value:
//!
//! ```
//! use locklab_scenarios::scenario::{Expected, Scenario};
//! use locklab_protocols::spec::{Goal, Guarantee};
//!
//! let written = Scenario::from_toml("gc-pause.toml", r#"
//!     name = "gc-pause"
//!     clients = 2
//!
//!     [[fault]]
//!     when = { event = "granted" }
//!     pause = { target = "subject", for = "15s" }
//!
//!     [expect.ttl]
//!     mutual-exclusion = "broken"
//!
//!     [sometimes]
//!     holder-paused = true
//! "#).unwrap();
//!
//! # use locklab_scenarios::scenario::{granted, pause};
//! # use locklab_sim::fault::Target;
//! # use std::time::Duration;
//! let built = Scenario::new("gc-pause")
//!     .clients(2)
//!     .fault(granted(), pause(Target::Subject, Duration::from_secs(15)))
//!     .expect("ttl", Guarantee::MutualExclusion, Expected::Broken)
//!     .sometimes(Goal::HolderPaused);
//! assert_eq!(written, built);
//! ```
//!
//! # Keys
//!
//! Only `name` is asked for. A duration is text such as `"250ms"` or `"1m 30s"`.
//!
//! | key | means | if left out |
//! | --- | --- | --- |
//! | `name`, `about`, `source` | what it is called, what happens in it, where it is from | |
//! | `servers` | how many servers, for locks that can choose | the lock's own |
//! | `clients` | how many clients | 3 |
//! | `fencing` | what the storage checks: `none`, `writes`, `reads-and-writes` | the last |
//! | `sync_time` | how long a sync takes | 1 ms |
//! | `heal_at` | when all faults end | 30 s |
//! | `settle` | how long the run goes on after that | 45 s |
//! | `progress_within` | how soon after it a waiting client must be granted | 30 s |
//! | `protocols` | the only locks that it is for | all |
//! | `[lock]` | [`LockSettings`] | the lock's own |
//! | `[workload]` | [`Workload`]; a span is `"1s"` or `{ least = "1s", most = "2s" }` | see there |
//! | `[network]` | [`Network`] | 1 to 10 ms, nothing lost |
//! | `[[fault]]` | `when`, and one [kind](locklab_sim::fault::Kind) of fault | nothing fails |
//! | `[expect.LOCK]` | a guarantee is `held`, `broken`, `not-exercised`, `unknown` | nothing |
//! | `[sometimes]` | a [goal](Goal) is `true` | nothing |
//!
//! `[lock]` holds what the locks with a lease share; a lock takes from it what it has. An unset
//! key leaves a lock its own default. A goal of `[sometimes]` is asked of every protocol, one of
//! `[sometimes.ttl]` of that protocol alone: a lock without tokens never sees a stale one refused.

mod build;
mod check;
mod error;
mod form;
mod lock;
mod span;

pub use build::{after, at, crash, granted, pause};
pub use error::ScenarioError;
pub use lock::{Expiry, LockSettings, Persist};

use crate::contestant::Contestant;
use locklab_protocols::application::Workload;
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::storage::Fencing;
use locklab_sim::Plan;
use locklab_sim::fault::Fault;
use locklab_sim::network::Network;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A situation in which locks are watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Its name on the command line and in reports: lower case, words joined by dashes.
    pub name: String,
    /// What happens in it, in a sentence or two.
    pub about: String,
    /// Where it is from: a paper, an incident, a system's own documentation.
    pub source: String,
    /// How many servers a protocol should run, if it can choose.
    pub servers: Option<usize>,
    /// How many clients there are.
    pub clients: usize,
    /// What their applications do.
    pub workload: Workload,
    /// What the storage checks.
    pub fencing: Fencing,
    /// What the locks of a family share.
    pub lock: LockSettings,
    /// How the network behaves without faults.
    pub network: Network,
    /// How long a sync takes.
    pub sync_time: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// When all faults end.
    pub heal_at: Duration,
    /// How long a run goes on after that.
    pub settle: Duration,
    /// How soon after the heal a waiting client must be granted.
    pub progress_within: Duration,
    /// The protocols that it is for; empty for all.
    pub protocols: BTreeSet<String>,
    /// What is known about a protocol here.
    pub expect: BTreeMap<String, BTreeMap<Guarantee, Expected>>,
    /// What every protocol must reach in some run.
    pub sometimes: BTreeSet<Goal>,
    /// What one protocol must reach in some run, besides.
    pub sometimes_of: BTreeMap<String, BTreeSet<Goal>>,
}

/// What is known about a guarantee of a protocol in a scenario.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Expected {
    /// It holds in every run.
    Held,
    /// It breaks in some run; if it no longer does, the harness has gone blind.
    Broken,
    /// No run puts it to the test.
    NotExercised,
    /// The check cannot decide some run.
    Unknown,
}

impl Expected {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Held, Self::Broken, Self::NotExercised, Self::Unknown];

    /// Its name in scenario files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Broken => "broken",
            Self::NotExercised => "not-exercised",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Default for Scenario {
    /// A calm half minute with three clients.
    fn default() -> Self {
        let Plan { clients, fencing, network, sync_time, heal_at, settle, .. } = Plan::default();
        Self {
            name: "unnamed".to_owned(),
            about: String::new(),
            source: String::new(),
            servers: None,
            clients,
            workload: Workload::default(),
            fencing,
            lock: LockSettings::default(),
            network,
            sync_time,
            faults: Vec::new(),
            heal_at,
            settle,
            progress_within: Plan::default().progress_bound,
            protocols: BTreeSet::new(),
            expect: BTreeMap::new(),
            sometimes: BTreeSet::new(),
            sometimes_of: BTreeMap::new(),
        }
    }
}

impl Scenario {
    /// Reads a scenario that may name the protocols on the shelf. `file` is what errors call it.
    ///
    /// # Errors
    ///
    /// One clear message with its line, if anything about the text is wrong.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, ScenarioError> {
        Self::from_toml_for(file, text, &crate::registry::names())
    }

    /// Reads a scenario that may name these protocols.
    ///
    /// # Errors
    ///
    /// One clear message with its line, if anything about the text is wrong.
    pub fn from_toml_for<N: AsRef<str>>(
        file: &str,
        text: &str,
        protocols: &[N],
    ) -> Result<Self, ScenarioError> {
        let names: Vec<&str> = protocols.iter().map(AsRef::as_ref).collect();
        let form: form::Form =
            toml::from_str(text).map_err(|error| ScenarioError::of_toml(file, text, &error))?;
        check::check(form, &names).map_err(|wrong| wrong.at(file, text))
    }

    /// Reads a scenario file that may name these protocols.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or as [`from_toml`](Self::from_toml).
    pub fn load<N: AsRef<str>>(file: &Path, protocols: &[N]) -> Result<Self, ScenarioError> {
        let name = file.display().to_string();
        let bytes = std::fs::read(file).map_err(|error| ScenarioError::unread(&name, &error))?;
        let text = String::from_utf8(bytes).map_err(|_| ScenarioError::not_text(&name))?;
        Self::from_toml_for(&name, &text, protocols)
    }

    /// A scenario that was built in Rust, held against the rules that a file must keep.
    ///
    /// # Errors
    ///
    /// As [`from_toml`](Self::from_toml), with the place in [what it would be](Self::to_toml) as
    /// a file.
    pub fn checked<N: AsRef<str>>(self, protocols: &[N]) -> Result<Self, ScenarioError> {
        Self::from_toml_for(&format!("scenario {}", self.name), &self.to_toml(), protocols)
    }

    /// Writes it down with every setting spelt out, so that it means the same when defaults
    /// change.
    pub fn to_toml(&self) -> String {
        toml::to_string(&form::Form::from(self)).expect("a scenario has a form in TOML")
    }

    /// What the simulator needs to know.
    pub fn plan(&self) -> Plan {
        Plan {
            clients: self.clients,
            workload: Arc::new(self.workload.clone()),
            fencing: self.fencing,
            network: self.network.clone(),
            sync_time: self.sync_time,
            faults: self.faults.clone(),
            heal_at: self.heal_at,
            settle: self.settle,
            progress_bound: self.progress_within,
        }
    }

    /// The same without its faults: what they break must hold here.
    #[must_use]
    pub fn without_faults(&self) -> Self {
        let held = |(guarantee, expected): (&Guarantee, &Expected)| {
            (*expected == Expected::Broken).then_some((*guarantee, Expected::Held))
        };
        let expect = self.expect.iter().map(|(protocol, expected)| {
            (protocol.clone(), expected.iter().filter_map(held).collect())
        });
        Self {
            name: format!("{}-without-faults", self.name),
            faults: Vec::new(),
            expect: expect.collect(),
            sometimes: BTreeSet::new(),
            sometimes_of: BTreeMap::new(),
            ..self.clone()
        }
    }

    /// Whether it is for this contestant: by its list of protocols, and because a lock that is
    /// not reentrant cannot be taken twice.
    pub fn is_for(&self, contestant: &dyn Contestant) -> bool {
        let listed = self.protocols.is_empty() || self.protocols.contains(contestant.name());
        listed && (self.workload.depth <= 1 || contestant.semantics().reentrant)
    }

    /// What is known about a guarantee of a protocol here, if anything.
    pub fn expected(&self, protocol: &str, guarantee: Guarantee) -> Option<Expected> {
        self.expect.get(protocol)?.get(&guarantee).copied()
    }

    /// What a protocol must reach in some run.
    pub fn goals(&self, protocol: &str) -> BTreeSet<Goal> {
        let own = self.sometimes_of.get(protocol).into_iter().flatten();
        self.sometimes.iter().chain(own).copied().collect()
    }
}
