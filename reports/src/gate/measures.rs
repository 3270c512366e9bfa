//! Measures beside what they were, with the tolerances of the baseline.

use super::baseline::{BaselineMeasure, BaselinePair};
use super::change::{Change, Why};
use crate::report::{Amount, ReportMeasures};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A measure that the gate watches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gauge {
    /// How many locks were granted.
    Grants,
    /// The median wait for a grant, in nanoseconds.
    WaitMedian,
    /// The wait for a grant that 99 of a hundred do not exceed, in nanoseconds.
    #[serde(rename = "wait-p99")]
    WaitP99,
    /// Of the time in which somebody waited, the share in which he was granted within the bound,
    /// in thousandths.
    Availability,
    /// Thousandths of a message for each grant.
    Messages,
    /// Thousandths of a disk write for each grant.
    DiskWrites,
    /// The median time from the heal to the first grant, in nanoseconds.
    Recovery,
}

/// How much worse each measure may be, in percent of what it was; the availability in hundredths
/// of the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tolerances {
    /// Fewer grants.
    pub grants: u32,
    /// A longer median wait.
    pub wait_median: u32,
    /// A longer 99th percentile of the waits.
    pub wait_p99: u32,
    /// A smaller share.
    pub availability: u32,
    /// More messages.
    pub messages: u32,
    /// More disk writes.
    pub disk_writes: u32,
    /// A longer time.
    pub recovery: u32,
}

impl Default for Tolerances {
    /// Wide enough for other seeds to pass; see the tests of the gate.
    fn default() -> Self {
        Self {
            grants: 20,
            wait_median: 30,
            wait_p99: 60,
            availability: 5,
            messages: 20,
            disk_writes: 20,
            recovery: 100,
        }
    }
}

/// Waits and recoveries that differ by less are the same: no percentage of nearly nothing.
const NEARLY_NOTHING: u64 = 50_000_000;

impl Gauge {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Grants,
        Self::WaitMedian,
        Self::WaitP99,
        Self::Availability,
        Self::Messages,
        Self::DiskWrites,
        Self::Recovery,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grants => "grants",
            Self::WaitMedian => "wait-median",
            Self::WaitP99 => "wait-p99",
            Self::Availability => "availability",
            Self::Messages => "messages",
            Self::DiskWrites => "disk-writes",
            Self::Recovery => "recovery",
        }
    }

    /// What a report says of it; `None` if it cannot be told.
    pub fn of(self, row: &ReportMeasures) -> Option<BaselineMeasure> {
        let amount =
            |amount: Amount| BaselineMeasure { value: amount.value, within: amount.within };
        let waits = row.acquire_latency;
        let within = waits.and_then(|waits| waits.middle_run);
        match self {
            Self::Grants => Some(BaselineMeasure { value: row.grants, within: None }),
            Self::WaitMedian => waits.map(|waits| BaselineMeasure {
                value: waits.p50,
                within: within.map(|runs| runs.p50),
            }),
            Self::WaitP99 => waits.map(|waits| BaselineMeasure {
                value: waits.p99,
                within: within.map(|runs| runs.p99),
            }),
            Self::Availability => row.availability_permille.map(amount),
            Self::Messages => row.messages_per_grant_permille.map(amount),
            Self::DiskWrites => row.disk_writes_per_grant_permille.map(amount),
            Self::Recovery => row.recovery.map(|recovery| BaselineMeasure {
                value: recovery.p50,
                within: row.recovery_middle_run,
            }),
        }
    }

    /// Everything that a report says of a pair.
    pub(super) fn all_of(row: &ReportMeasures) -> BTreeMap<Self, BaselineMeasure> {
        Self::ALL.into_iter().filter_map(|gauge| Some((gauge, gauge.of(row)?))).collect()
    }

    fn more_is_worse(self) -> bool {
        !matches!(self, Self::Grants | Self::Availability)
    }

    /// By how much it may be worse than this.
    fn tolerated(self, was: u64, tolerances: &Tolerances) -> u64 {
        let share = |percent: u32| {
            u64::try_from(u128::from(was) * u128::from(percent) / 100).unwrap_or(u64::MAX)
        };
        match self {
            Self::Grants => share(tolerances.grants),
            Self::WaitMedian => share(tolerances.wait_median).max(NEARLY_NOTHING),
            Self::WaitP99 => share(tolerances.wait_p99).max(NEARLY_NOTHING),
            Self::Availability => u64::from(tolerances.availability) * 10,
            Self::Messages => share(tolerances.messages),
            Self::DiskWrites => share(tolerances.disk_writes),
            Self::Recovery => share(tolerances.recovery).max(NEARLY_NOTHING),
        }
    }

    fn words(self, value: u64) -> String {
        let milli = |of: u64| format!("{}.{:03}", of / 1000, of % 1000);
        match self {
            Self::Grants => value.to_string(),
            Self::WaitMedian | Self::WaitP99 | Self::Recovery => {
                format!("{} s", milli(value / 1_000_000))
            }
            Self::Availability => format!("{}.{} %", value / 10, value % 10),
            Self::Messages | Self::DiskWrites => format!("{} a grant", milli(value)),
        }
    }
}

impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What changed of the measures of a pair.
pub(super) fn of_measures(
    pair: &BaselinePair,
    row: &ReportMeasures,
    tolerances: &Tolerances,
) -> Vec<Change> {
    let of_gauge = |gauge: Gauge| {
        let change = |why| Change::of(pair.key(), gauge.name(), why);
        let (was, is) = match (pair.measures.get(&gauge), gauge.of(row)) {
            (Some(was), Some(is)) => (*was, is),
            (None, None) => return None,
            (None, Some(is)) => {
                return Some(change(Why::New).between("unknown", gauge.words(is.value)));
            }
            (Some(was), None) => {
                return Some(change(Why::Unknown).between(gauge.words(was.value), "unknown"));
            }
        };
        if was.value == is.value {
            return None;
        }
        let told = |why| change(why).between(gauge.words(was.value), gauge.words(is.value));
        let is_worse = (is.value > was.value) == gauge.more_is_worse();
        // It is better by as much as would be worse the other way round.
        let before = if is_worse { was.value } else { is.value };
        let tolerated = gauge.tolerated(before, tolerances);
        if was.value.abs_diff(is.value) <= tolerated {
            return Some(told(Why::Moved));
        }
        if meet(was.within, is.within) {
            return Some(told(Why::Moved).noted("no more than runs scatter"));
        }
        Some(told(if is_worse { Why::Worse } else { Why::Better }))
    };
    Gauge::ALL.into_iter().filter_map(of_gauge).collect()
}

/// Whether both are known and have a value in common.
fn meet(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    one.0 <= other.1 && other.0 <= one.1
}
