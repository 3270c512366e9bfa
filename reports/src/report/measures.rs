//! What was counted for one protocol in one scenario.

use super::cell::guarantee;
use super::{NoReport, ReportCell};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::time::nanos;
use locklab_scenarios::judge::{
    Estimate, Latencies, LatencyRanges, MeasureRow, Pooled, RunCounts, Says, Second, Tally,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What was counted for one protocol in one scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportMeasures {
    /// The protocol.
    pub protocol: String,
    /// The scenario.
    pub scenario: String,
    /// How many runs there were.
    pub runs: u64,
    /// How many more were asked for and not made.
    pub missing_runs: u64,
    /// What some run of this protocol here should reach.
    pub goals: Vec<String>,
    /// What some run reached.
    pub reached: Vec<String>,
    /// How many locks were granted.
    pub grants: u64,
    /// How long clients waited for a grant, over all grants; `null` without a grant.
    pub acquire_latency: Option<Quantiles>,
    /// Of the time in which somebody waited, the share in which he was granted within the bound,
    /// in thousandths; `null` if nobody waited.
    pub availability_permille: Option<Amount>,
    /// Thousandths of a message for each grant; `null` without a grant.
    pub messages_per_grant_permille: Option<Amount>,
    /// Thousandths of a disk write for each grant; `null` without a grant.
    pub disk_writes_per_grant_permille: Option<Amount>,
    /// How many operations the storage refused for an old token.
    pub rejected_stale: u64,
    /// How long after the heal the first grant came, over the runs; `null` if it never came.
    pub recovery: Option<Quantiles>,
    /// Where the recovery of the middle run lies, with 95 % confidence; `null` with too few runs
    /// to say.
    pub recovery_middle_run: Option<(u64, u64)>,
    /// How often the faults of each kind were felt.
    pub bites: BTreeMap<String, u64>,
    /// How many grants took so many nanoseconds, rounded up by at most a thirty-second: pairs of
    /// a time and a count.
    pub latencies: Vec<(u64, u64)>,
    /// Who was served when.
    pub seconds: ReportSeconds,
    /// Every run.
    pub by_run: ReportRuns,
}

/// Quantiles of durations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// Half of them are no longer.
    pub p50: u64,
    /// Nine of ten are no longer.
    pub p90: u64,
    /// 99 of a hundred are no longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
    /// Where these quantiles lie in the middle run, with 95 % confidence; `null` with too few
    /// runs to say.
    pub middle_run: Option<Amounts>,
}

/// Where each of four numbers lies: at least and at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    /// That of the median.
    pub p50: (u64, u64),
    /// That of the 90th percentile.
    pub p90: (u64, u64),
    /// That of the 99th percentile.
    pub p99: (u64, u64),
    /// That of the longest.
    pub max: (u64, u64),
}

/// A number, and where it lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// The number.
    pub value: u64,
    /// At least and at most this, with 95 % confidence; `null` with too few runs to say.
    pub within: Option<(u64, u64)>,
}

/// Columns over seconds of simulated time. Seconds in which nobody waited and nothing was wrong
/// are left out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportSeconds {
    /// The seconds.
    pub second: Vec<u64>,
    /// For how many milliseconds clients waited in it, over all runs.
    pub waited_ms: Vec<u64>,
    /// How many of them belong to waits that were no longer than the bound.
    pub served_ms: Vec<u64>,
    /// In how many runs a fault was at work in it.
    pub faulty_runs: Vec<u64>,
}

/// Columns over runs, by their seeds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRuns {
    /// The seeds, from the smallest on.
    pub seed: Vec<u64>,
    /// How many locks were granted.
    pub grants: Vec<u64>,
    /// How many messages were sent, those of the storage left out.
    pub messages: Vec<u64>,
    /// How many disk writes the servers made.
    pub disk_writes: Vec<u64>,
    /// How many operations the storage refused for an old token.
    pub rejected_stale: Vec<u64>,
    /// For how much of the time in which somebody waited, he was granted within the bound.
    pub served: Vec<u64>,
    /// For how much of the time somebody waited.
    pub waited: Vec<u64>,
    /// How long clients waited for a grant: the median, the 90th and the 99th percentile, and
    /// the longest; `null` without a grant.
    pub latency: Vec<Option<(u64, u64, u64, u64)>>,
    /// How long after the heal the first grant came, if one came.
    pub recovery: Vec<Option<u64>>,
    /// Which guarantees broke.
    pub broken: Vec<Vec<String>>,
}

impl From<&MeasureRow> for ReportMeasures {
    fn from(row: &MeasureRow) -> Self {
        let names = |goals: &BTreeSet<Goal>| goals.iter().map(|goal| goal.name().into()).collect();
        let ranges = |ranges: LatencyRanges| Amounts {
            p50: ranges.p50,
            p90: ranges.p90,
            p99: ranges.p99,
            max: ranges.max,
        };
        let quantiles = |of: Latencies, middle_run| Quantiles {
            p50: nanos(of.p50),
            p90: nanos(of.p90),
            p99: nanos(of.p99),
            max: nanos(of.max),
            middle_run,
        };
        let acquire = row.acquire_latency_of_runs.map(ranges);
        Self {
            protocol: row.protocol.clone(),
            scenario: row.scenario.clone(),
            runs: row.runs,
            missing_runs: row.missing_runs,
            goals: names(&row.goals),
            reached: names(&row.reached),
            grants: row.grants,
            acquire_latency: row.acquire_latency.map(|of| quantiles(of, acquire)),
            availability_permille: row.availability_permille.map(Amount::from),
            messages_per_grant_permille: row.messages_per_grant_milli.map(Amount::from),
            disk_writes_per_grant_permille: row.disk_writes_per_grant_milli.map(Amount::from),
            rejected_stale: row.rejected_stale,
            recovery: row.recovery.map(|of| quantiles(of, None)),
            recovery_middle_run: row.recovery_of_runs,
            bites: row.pooled.bites.clone(),
            latencies: row.pooled.latencies.iter().map(|(time, count)| (*time, *count)).collect(),
            seconds: ReportSeconds::from(&row.pooled.seconds),
            by_run: ReportRuns::from(&row.pooled.runs),
        }
    }
}

impl From<Estimate> for Amount {
    fn from(estimate: Estimate) -> Self {
        Self { value: estimate.value, within: estimate.within }
    }
}

impl From<&BTreeMap<u64, Second>> for ReportSeconds {
    fn from(seconds: &BTreeMap<u64, Second>) -> Self {
        Self {
            second: seconds.keys().copied().collect(),
            waited_ms: seconds.values().map(|second| second.waited).collect(),
            served_ms: seconds.values().map(|second| second.served).collect(),
            faulty_runs: seconds.values().map(|second| second.faulty).collect(),
        }
    }
}

impl From<&BTreeMap<u64, RunCounts>> for ReportRuns {
    fn from(runs: &BTreeMap<u64, RunCounts>) -> Self {
        let latency = |of: &Latencies| (nanos(of.p50), nanos(of.p90), nanos(of.p99), nanos(of.max));
        let names = |run: &RunCounts| run.broken.iter().map(|one| one.name().into()).collect();
        Self {
            seed: runs.keys().copied().collect(),
            grants: runs.values().map(|run| run.grants).collect(),
            messages: runs.values().map(|run| run.messages).collect(),
            disk_writes: runs.values().map(|run| run.disk_writes).collect(),
            rejected_stale: runs.values().map(|run| run.rejected_stale).collect(),
            served: runs.values().map(|run| nanos(run.served)).collect(),
            waited: runs.values().map(|run| nanos(run.waited)).collect(),
            latency: runs.values().map(|run| run.latencies.as_ref().map(latency)).collect(),
            recovery: runs.values().map(|run| run.recovery.map(nanos)).collect(),
            broken: runs.values().map(names).collect(),
        }
    }
}

impl ReportMeasures {
    /// The row of which this is the record, with these cells of the same pair.
    pub(super) fn row<'a>(
        &self,
        cells: impl Iterator<Item = &'a ReportCell>,
    ) -> Result<MeasureRow, NoReport> {
        let tally = self.tally(cells)?;
        if tally.runs() != self.runs {
            let (said, found) = (self.runs, tally.runs());
            return self.contradicts(&format!("it has {found} runs and says {said}"));
        }
        let row = MeasureRow::pooled(&self.protocol, &self.scenario, goals(&self.goals)?, &tally);
        if Self::from(&row) == *self {
            Ok(row)
        } else {
            self.contradicts("its numbers are not what its runs add up to")
        }
    }

    /// The runs of which this is the record, with these cells of the same pair. They can be
    /// merged with those of other seeds and judged again.
    ///
    /// # Errors
    ///
    /// If the record contradicts itself, or names what this version does not know.
    pub fn tally<'a>(
        &self,
        cells: impl Iterator<Item = &'a ReportCell>,
    ) -> Result<Tally, NoReport> {
        let mut guarantees = BTreeMap::new();
        for cell in cells {
            let says = cell.says();
            if says != Says::default() {
                guarantees.insert(cell.guarantee()?, says);
            }
        }
        let Some(runs) = self.by_run.runs()? else {
            return self.contradicts("the columns of its runs differ in length");
        };
        let Some(seconds) = self.seconds.seconds() else {
            return self.contradicts("the columns of its seconds differ in length");
        };
        let latencies = self.latencies.iter().copied().collect();
        let measures = Pooled { runs, latencies, seconds, bites: self.bites.clone() };
        let (missing, reached) = (self.missing_runs, goals(&self.reached)?);
        Ok(Tally { missing, guarantees, reached, measures })
    }

    /// What some run should reach.
    pub(crate) fn wanted_goals(&self) -> Result<BTreeSet<Goal>, NoReport> {
        goals(&self.goals)
    }

    fn contradicts<T>(&self, what: &str) -> Result<T, NoReport> {
        let (protocol, scenario) = (&self.protocol, &self.scenario);
        Err(NoReport(format!("it contradicts itself on {protocol} in {scenario}: {what}")))
    }
}

impl ReportSeconds {
    fn seconds(&self) -> Option<BTreeMap<u64, Second>> {
        let rows = self.second.len();
        let columns = [&self.waited_ms, &self.served_ms, &self.faulty_runs];
        let second = |row: usize| {
            let [waited, served, faulty] = columns.map(|column| column[row]);
            (self.second[row], Second { waited, served, faulty })
        };
        columns.iter().all(|column| column.len() == rows).then(|| (0..rows).map(second).collect())
    }
}

impl ReportRuns {
    /// The runs by their seeds; `None` if the columns differ in length or a seed is there twice.
    fn runs(&self) -> Result<Option<BTreeMap<u64, RunCounts>>, NoReport> {
        let rows = self.seed.len();
        let numbers = [
            &self.grants,
            &self.messages,
            &self.disk_writes,
            &self.rejected_stale,
            &self.served,
            &self.waited,
        ];
        let others = [self.latency.len(), self.recovery.len(), self.broken.len()];
        let mut lengths = numbers.iter().map(|column| column.len()).chain(others);
        if !lengths.all(|length| length == rows) {
            return Ok(None);
        }
        let time = Duration::from_nanos;
        let mut runs = BTreeMap::new();
        for (row, seed) in self.seed.iter().enumerate() {
            let names = self.broken[row].iter();
            let broken: Result<BTreeSet<Guarantee>, NoReport> =
                names.map(|name| guarantee(name)).collect();
            let [grants, messages, disk_writes, rejected_stale, served, waited] =
                numbers.map(|column| column[row]);
            let run = RunCounts {
                grants,
                messages,
                disk_writes,
                rejected_stale,
                served: time(served),
                waited: time(waited),
                latencies: self.latency[row].map(|(p50, p90, p99, max)| Latencies {
                    p50: time(p50),
                    p90: time(p90),
                    p99: time(p99),
                    max: time(max),
                }),
                recovery: self.recovery[row].map(time),
                broken: broken?,
            };
            runs.insert(*seed, run);
        }
        Ok((runs.len() == rows).then_some(runs))
    }
}

/// The goals with these names.
fn goals(names: &[String]) -> Result<BTreeSet<Goal>, NoReport> {
    let goal = |name: &String| {
        let found = Goal::ALL.into_iter().find(|goal| goal.name() == name.as_str());
        found.ok_or_else(|| NoReport(format!("it names a goal that there is not: `{name}`")))
    };
    names.iter().map(goal).collect()
}
