//! Putting the parts of a comparison together again.
//!
//! A comparison can be run in parts that know nothing of each other: `--shard 3/8` runs the third
//! eighth of the seeds. The report of a part is a report like any other, and says of which whole
//! it is a part. It holds what its numbers are made of, so the parts add up to the report that one
//! machine would have written, to the byte. Parts that are not of one whole do not add up to
//! anything, and are refused.

use crate::report::{Report, ReportCell, ReportFailure, ReportMeasures, Seeds};
use locklab_scenarios::judge::{Cell, MeasureRow, Tally, judge_again};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One of several parts of the same size, or nearly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shard {
    /// Which, counted from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no part of a whole; write one such as `3/8`");
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let (number, of) = (number.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?);
        if (1..=of).contains(&number) { Ok(Self { number, of }) } else { Err(wrong()) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Shard {
    /// Its share of so many things that are numbered from `first` on: consecutive ones. The
    /// shares together are all of them, and differ by one at the most.
    pub fn share(self, first: u64, count: u64) -> (u64, u64) {
        let before = |parts: u64| {
            let share = u128::from(count) * u128::from(parts) / u128::from(self.of);
            u64::try_from(share).unwrap_or(count)
        };
        let (begin, end) = (before(self.number - 1), before(self.number));
        (first.saturating_add(begin), end - begin)
    }
}

/// A part, and what it is called in messages.
pub type Part = (String, Report);

/// Puts parts together.
///
/// # Errors
///
/// If they do not fit: which of them, and why.
pub fn merge(mut parts: Vec<Part>) -> Result<Report, String> {
    parts.sort_by_key(|(_, part)| (part.seeds.first, part.seeds.count));
    let whole = fit(&parts)?;
    let (_, first) = &parts[0];
    let calls = first.calls();
    let mut cells = Vec::new();
    let mut measures = Vec::new();
    for (row, known) in first.measures.iter().enumerate() {
        let (judged, counted) = of_pair(&parts, row, known)?;
        cells.extend(judged.iter().map(|cell| ReportCell::of(cell, &calls)));
        measures.push(ReportMeasures::from(&counted));
    }
    let failures = failures(&parts, &cells);
    Ok(Report { seeds: whole, shard: None, cells, measures, failures, ..first.clone() })
}

/// The whole of which these are the parts, sorted by their seeds.
fn fit(parts: &[Part]) -> Result<Seeds, String> {
    let Some((name, first)) = parts.first() else { return Err("there are no parts".to_owned()) };
    for (name, part) in parts {
        if part.shard.is_none() {
            return Err(format!(
                "`{name}` is a whole report and no part of one; parts are made with `--shard`"
            ));
        }
        if !part.checks.is_empty() {
            return Err(format!(
                "`{name}` has checks of the model, which are of no part; they can join the whole"
            ));
        }
        if let Some(row) = part.measures.iter().find(|row| row.missing_runs > 0) {
            let (protocol, scenario) = (&row.protocol, &row.scenario);
            return Err(format!("`{name}` is not whole: runs of {protocol} in {scenario} miss"));
        }
    }
    for (other, part) in &parts[1..] {
        same(name, first, part)
            .map_err(|what| format!("`{other}` does not fit `{name}`: {what}"))?;
    }
    let whole = first.shard.map(|shard| shard.whole).unwrap_or(first.seeds);
    tile(parts, whole)?;
    Ok(whole)
}

/// Whether another part is of the same whole.
fn same(name: &str, first: &Report, part: &Report) -> Result<(), String> {
    if part.version != first.version {
        return Err(format!("it is of version {}, not {}", part.version, first.version));
    }
    let whole = |report: &Report| report.shard.map(|shard| shard.whole);
    if whole(part) != whole(first) {
        let seeds = |report: &Report| match whole(report) {
            Some(Seeds { first, count }) => format!("{count} seeds from {first}"),
            None => "nothing".to_owned(),
        };
        return Err(format!("it is a part of {}, not of {}", seeds(part), seeds(first)));
    }
    if part.protocols != first.protocols {
        let one = first.protocols.iter().zip(&part.protocols).find(|(one, other)| one != other);
        return Err(match one {
            Some((one, other)) if one.name == other.name => {
                format!("its {} promises something else", one.name)
            }
            _ => "it is of other protocols".to_owned(),
        });
    }
    if part.scenarios != first.scenarios {
        let one = first.scenarios.iter().zip(&part.scenarios).find(|(one, other)| one != other);
        return Err(match one {
            Some((one, other)) if one.name == other.name && one.hash != other.hash => {
                format!("its scenario {} has another text than that of `{name}`", one.name)
            }
            _ => "it is of other scenarios".to_owned(),
        });
    }
    let pairs = |report: &Report| -> Vec<(String, String)> {
        report.measures.iter().map(|row| (row.protocol.clone(), row.scenario.clone())).collect()
    };
    if pairs(part) == pairs(first) {
        Ok(())
    } else {
        Err("it is of other pairs of a protocol and a scenario".to_owned())
    }
}

/// Every seed of the whole is in one part.
fn tile(parts: &[Part], whole: Seeds) -> Result<(), String> {
    let end = |seeds: Seeds| seeds.first.saturating_add(seeds.count);
    let missing = |from: u64, to: u64| Err(format!("seeds {from} to {} are in no part", to - 1));
    let mut next = whole.first;
    let mut before: Option<&str> = None;
    for (name, part) in parts.iter().filter(|(_, part)| part.seeds.count > 0) {
        let first = part.seeds.first;
        if first < whole.first || end(part.seeds) > end(whole) {
            return Err(format!("`{name}` has seeds that are not of the whole"));
        }
        if first > next {
            return missing(next, first);
        }
        if first < next {
            let last = end(part.seeds).min(next) - 1;
            let before = before.unwrap_or(name);
            return Err(format!("seeds {first} to {last} are both in `{before}` and in `{name}`"));
        }
        for row in &part.measures {
            let seeds = row.by_run.seed.iter().copied();
            if !seeds.eq(first..end(part.seeds)) {
                let (protocol, scenario) = (&row.protocol, &row.scenario);
                return Err(format!(
                    "`{name}` does not have the seeds that it says of {protocol} in {scenario}"
                ));
            }
        }
        (next, before) = (end(part.seeds), Some(name.as_str()));
    }
    if next < end(whole) { missing(next, end(whole)) } else { Ok(()) }
}

/// One protocol in one scenario, judged over all parts.
fn of_pair(
    parts: &[Part],
    row: usize,
    known: &ReportMeasures,
) -> Result<(Vec<Cell>, MeasureRow), String> {
    let mut tally = Tally::default();
    let mut wanted = BTreeMap::new();
    let mut goals = None;
    for (name, part) in parts {
        let unfit = |why: &dyn fmt::Display| format!("`{name}`: {why}");
        let cells = part
            .cells
            .iter()
            .filter(|cell| (&cell.protocol, &cell.scenario) == (&known.protocol, &known.scenario));
        for cell in cells.clone() {
            let cell = cell.cell().map_err(|why| unfit(&why))?;
            let wish = (cell.expected, cell.promised);
            if *wanted.entry(cell.guarantee).or_insert(wish) != wish {
                let (guarantee, scenario) = (cell.guarantee, &known.scenario);
                return Err(unfit(&format!(
                    "{guarantee} of {} in {scenario} is promised or expected otherwise than in \
                     the other parts",
                    known.protocol
                )));
            }
        }
        let of_part = part.measures[row].tally(cells).map_err(|why| unfit(&why))?;
        tally = tally.merge(of_part);
        let of_part = part.measures[row].wanted_goals().map_err(|why| unfit(&why))?;
        if *goals.get_or_insert_with(|| of_part.clone()) != of_part {
            return Err(unfit(&"it has other goals than the other parts"));
        }
    }
    let goals = goals.unwrap_or_default();
    let (protocol, scenario) = (&known.protocol, &known.scenario);
    let cells = judge_again((protocol, scenario), &wanted, &goals, &tally);
    Ok((cells, MeasureRow::pooled(protocol, scenario, goals, &tally)))
}

/// The stories of the runs that the cells name as the first that broke them. The smallest seed of
/// all is the smallest of its part, so that part tells it.
fn failures(parts: &[Part], cells: &[ReportCell]) -> Vec<ReportFailure> {
    let told: BTreeMap<(&str, &str, u64), &ReportFailure> = parts
        .iter()
        .flat_map(|(_, part)| &part.failures)
        .map(|told| ((told.protocol.as_str(), told.scenario.as_str(), told.seed), told))
        .collect();
    let mut seen = BTreeSet::new();
    let named = cells.iter().filter_map(|cell| {
        let run = (cell.protocol.as_str(), cell.scenario.as_str(), cell.first_broken_seed?);
        seen.insert(run).then_some(run)
    });
    named.filter_map(|run| told.get(&run).copied().cloned()).collect()
}
