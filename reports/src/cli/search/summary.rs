//! The summary of a search for programs.

use super::Searched;
use locklab_protocols::spec::Goal;
use locklab_scenarios::search::{FaultReach, chance_still_there, failure_rate_at_most};
use locklab_scenarios::sim::fault::Kind;
use serde::Serialize;

#[derive(Serialize)]
struct Summary<'a> {
    schema: &'static str,
    runs: u64,
    controls: u64,
    first_seed: u64,
    findings: Vec<FindingRow<'a>>,
    gone: Vec<GoneRow<'a>>,
    protocols: Vec<ProtocolRow<'a>>,
    goals: Vec<(&'static str, u64)>,
    faults: Vec<FaultRow>,
    never_tested: Vec<(&'a str, &'static str)>,
    corpus: Option<CorpusRow>,
}

#[derive(Serialize)]
struct FindingRow<'a> {
    protocol: &'a str,
    guarantee: &'static str,
    seed: u64,
    run: u64,
    times: u64,
    without_faults: bool,
    reason: &'a str,
}

#[derive(Serialize)]
struct GoneRow<'a> {
    folder: String,
    protocol: &'a str,
    clean_runs: u64,
    chance_still_there_permille: u64,
}

#[derive(Serialize)]
struct ProtocolRow<'a> {
    protocol: &'a str,
    runs: u64,
    failure_rate_at_most_per_million: Option<u64>,
}

#[derive(Serialize)]
struct FaultRow {
    kind: &'static str,
    drawn: u64,
    bit: u64,
    while_held: u64,
    while_awaited: u64,
}

#[derive(Serialize)]
struct CorpusRow {
    plans: usize,
    new: usize,
}

/// A share in whole numbers, rounded.
fn of(share: f64, parts: f64) -> u64 {
    (share * parts).round() as u64
}

/// The text of it.
pub(super) fn text(searched: &Searched, first_seed: u64) -> String {
    let found = &searched.found;
    let findings = found.findings.iter().zip(&searched.saved).map(|(finding, saved)| FindingRow {
        protocol: &finding.protocol,
        guarantee: finding.guarantee.name(),
        seed: finding.seed,
        run: finding.run,
        times: finding.times,
        without_faults: saved.without_faults,
        reason: &finding.reason,
    });
    let gone = searched.gone.iter().map(|gone| {
        let rate = gone.rate.times as f64 / gone.rate.runs as f64;
        let chance = chance_still_there(rate, gone.clean);
        GoneRow {
            folder: gone.folder.display().to_string(),
            protocol: &gone.protocol,
            clean_runs: gone.clean,
            chance_still_there_permille: of(chance, 1e3),
        }
    });
    let protocols = found.reach.runs.iter().map(|(protocol, runs)| {
        let broke = found.findings.iter().any(|finding| finding.protocol == *protocol);
        let bound = (!broke).then(|| of(failure_rate_at_most(*runs), 1e6));
        ProtocolRow { protocol, runs: *runs, failure_rate_at_most_per_million: bound }
    });
    let goals = Goal::ALL.into_iter();
    let goals = goals.map(|goal| (goal.name(), found.reach.goals.get(&goal).copied().unwrap_or(0)));
    let faults = Kind::NAMES.into_iter().map(|kind| {
        let reach = found.reach.faults.get(kind).copied().unwrap_or_default();
        let FaultReach { drawn, bit, while_held, while_awaited } = reach;
        FaultRow { kind, drawn, bit, while_held, while_awaited }
    });
    let never_tested = found.reach.never_tested();
    let never_tested = never_tested.map(|(protocol, of)| (protocol.as_str(), of.name()));
    let summary = Summary {
        schema: "locklab/search/1",
        runs: found.runs,
        controls: found.reach.controls,
        first_seed,
        findings: findings.collect(),
        gone: gone.collect(),
        protocols: protocols.collect(),
        goals: goals.collect(),
        faults: faults.collect(),
        never_tested: never_tested.collect(),
        corpus: searched.corpus.map(|(plans, new)| CorpusRow { plans, new }),
    };
    let mut text = serde_json::to_string_pretty(&summary).expect("a summary has a form in JSON");
    text.push('\n');
    text
}
