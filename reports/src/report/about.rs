//! What was run.

use crate::Calls;
use locklab_protocols::contract::{Assumption, Promise};
use locklab_protocols::stable_hash::StableHasher;
use locklab_protocols::storage::Fencing;
use locklab_protocols::time::nanos;
use locklab_scenarios::promise;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::sim::fault::{Fault, Lasting};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was run: everything that a report says beside what came out.
#[derive(Clone, Copy, Debug)]
pub struct Ran<'a> {
    /// The protocols.
    pub contestants: &'a Contestants,
    /// The scenarios.
    pub scenarios: &'a [Scenario],
    /// The seeds.
    pub seeds: Seeds,
    /// How the scenarios are called on the command line.
    pub calls: &'a Calls,
}

/// Consecutive seeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u64,
}

impl Seeds {
    /// The seed after the last.
    ///
    /// # Errors
    ///
    /// If that is more than a seed can be.
    pub fn end(self) -> Result<u64, String> {
        let Self { first, count } = self;
        let end = first.checked_add(count);
        end.ok_or_else(|| format!("there are no {count} seeds from {first} on"))
    }
}

/// A protocol that was run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportProtocol {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub about: String,
    /// What it promises with its usual settings.
    pub promises: Vec<ReportPromise>,
}

/// A guarantee that a protocol promises.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportPromise {
    /// The guarantee.
    pub guarantee: String,
    /// Under all of these assumptions; none means always.
    pub assumes: Vec<ReportAssumption>,
}

/// Something that must be true of the world for a promise to bind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportAssumption {
    /// Its name.
    pub name: String,
    /// Up to how much: nanoseconds, percent or a count, as the name has it; `null` where there is
    /// no measure.
    pub limit: Option<u64>,
    /// In words.
    pub text: String,
}

/// A scenario that was run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportScenario {
    /// Its name.
    pub name: String,
    /// A hash of its text with every setting spelt out, as 16 hexadecimal digits: two scenarios
    /// with one hash are the same.
    pub hash: String,
    /// What happens in it.
    pub about: String,
    /// Where it is from.
    pub source: String,
    /// How it is called on the command line: its name, or the path of its file.
    pub call: String,
    /// How many clients there are.
    pub clients: u64,
    /// What the storage checks: `none`, `writes` or `reads-and-writes`.
    pub fencing: String,
    /// What goes wrong.
    pub faults: Vec<ReportFault>,
    /// When all faults end.
    pub heal_at: u64,
    /// How long a run goes on after that.
    pub settle: u64,
}

/// A fault of a scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportFault {
    /// The name of its kind.
    pub kind: String,
    /// What it does, in words.
    pub text: String,
    /// The parts of the system whose nodes it can strike: `clients`, `servers`, `storage`; none if
    /// it is one of links.
    pub strikes: Vec<String>,
    /// For how long; `null` if until all faults end, or for ever.
    pub lasts: Option<u64>,
}

impl Ran<'_> {
    /// The protocols, for a report.
    pub(super) fn protocols(&self) -> Vec<ReportProtocol> {
        let usual = Scenario::default();
        let entries = self.contestants.entries().iter();
        let known = entries.map(|entry| ReportProtocol {
            name: entry.name().to_owned(),
            about: entry.about().to_owned(),
            promises: entry.build(&usual).promises().iter().map(ReportPromise::from).collect(),
        });
        known.collect()
    }

    /// The scenarios, for a report.
    pub(super) fn scenarios(&self) -> Vec<ReportScenario> {
        let known = self.scenarios.iter();
        known.map(|scenario| ReportScenario::of(scenario, self.calls)).collect()
    }
}

impl ReportScenario {
    /// A scenario, and how it is called.
    pub fn of(scenario: &Scenario, calls: &Calls) -> Self {
        Self {
            name: scenario.name.clone(),
            hash: format!("{:016x}", StableHasher::hash_of(&scenario.to_toml())),
            about: words(&scenario.about),
            source: words(&scenario.source),
            call: calls.call(&scenario.name),
            clients: scenario.clients as u64,
            fencing: match scenario.fencing {
                Fencing::None => "none",
                Fencing::Writes => "writes",
                Fencing::ReadsAndWrites => "reads-and-writes",
            }
            .to_owned(),
            faults: scenario.faults.iter().map(ReportFault::from).collect(),
            heal_at: nanos(scenario.heal_at),
            settle: nanos(scenario.settle),
        }
    }
}

/// A text as one line.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

impl From<&Fault> for ReportFault {
    fn from(fault: &Fault) -> Self {
        Self {
            kind: fault.kind.name().to_owned(),
            text: fault.kind.to_string(),
            strikes: promise::strikes(fault).into_iter().map(str::to_owned).collect(),
            lasts: match fault.kind.lasting() {
                Lasting::For(duration) => Some(nanos(duration)),
                Lasting::UntilHeal | Lasting::ForEver => None,
            },
        }
    }
}

impl From<&Promise> for ReportPromise {
    fn from(promise: &Promise) -> Self {
        Self {
            guarantee: promise.guarantee.name().to_owned(),
            assumes: promise.assumes.iter().map(ReportAssumption::from).collect(),
        }
    }
}

impl From<&Assumption> for ReportAssumption {
    fn from(assumption: &Assumption) -> Self {
        let (name, limit) = match assumption {
            Assumption::ClientPauseAtMost(most) => ("client-pause-at-most", Some(nanos(*most))),
            Assumption::ServerPauseAtMost(most) => ("server-pause-at-most", Some(nanos(*most))),
            Assumption::SyncAtMost(most) => ("sync-at-most", Some(nanos(*most))),
            Assumption::DelayAtMost(most) => ("delay-at-most", Some(nanos(*most))),
            Assumption::UsualDelayAtMost(most) => ("usual-delay-at-most", Some(nanos(*most))),
            Assumption::ClockRateWithinPercent(percent) => {
                ("clock-rate-within-percent", Some(u64::from(*percent)))
            }
            Assumption::ClocksDoNotJump => ("clocks-do-not-jump", None),
            Assumption::DisksKeepSyncedWrites => ("disks-keep-synced-writes", None),
            Assumption::DisksKeepUnsyncedWrites => ("disks-keep-unsynced-writes", None),
            Assumption::ServersStayUp => ("servers-stay-up", None),
            Assumption::ServersComeBack => ("servers-come-back", None),
            Assumption::ClientsStayUp => ("clients-stay-up", None),
            Assumption::NoPartition => ("no-partition", None),
            Assumption::NoLoss => ("no-loss", None),
            Assumption::UsualLossAtMostPercent(most) => {
                ("usual-loss-at-most-percent", Some(u64::from(*most)))
            }
            Assumption::NoDuplication => ("no-duplication", None),
            Assumption::FencingAtLeast(Fencing::None) => ("any-storage", None),
            Assumption::FencingAtLeast(Fencing::Writes) => ("fenced-writes", None),
            Assumption::FencingAtLeast(Fencing::ReadsAndWrites) => {
                ("fenced-reads-and-writes", None)
            }
            Assumption::HoldAtMost(most) => ("hold-at-most", Some(nanos(*most))),
            Assumption::ClientsAtMost(most) => ("clients-at-most", Some(u64::from(*most))),
        };
        Self { name: name.to_owned(), limit, text: assumption.to_string() }
    }
}
