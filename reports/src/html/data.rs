//! What the scripts of a page need to know, as short as it gets: rows instead of objects, texts
//! that come again by their number, moments in microseconds.

use crate::diagram::{ArrowFate, Bar, Diagram};
use crate::report::{Amount, Quantiles, Report, ReportCell, ReportFailure, ReportLine};
use crate::report::{ReportMeasures, ReportVerdict, Standing};
use locklab_protocols::spec::Guarantee;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Texts by their numbers.
#[derive(Default)]
struct Texts {
    numbers: BTreeMap<String, usize>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len();
        self.numbers.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }
}

fn micros(nanos: u64) -> u64 {
    nanos / 1000
}

/// The data of a report's page.
pub(super) fn report(report: &Report) -> String {
    let mut texts = Texts::default();
    let place = |names: Vec<&String>| -> BTreeMap<String, usize> {
        names.into_iter().enumerate().map(|(at, name)| (name.clone(), at)).collect()
    };
    let protocols = place(report.protocols.iter().map(|one| &one.name).collect());
    let scenarios = place(report.scenarios.iter().map(|one| &one.name).collect());
    let at = |protocol: &String, scenario: &String| {
        (protocols.get(protocol).copied(), scenarios.get(scenario).copied())
    };
    let cells: Vec<Value> = report
        .sampled()
        .map(|cell| cell_row(cell, at(&cell.protocol, &cell.scenario), &mut texts))
        .collect();
    let measures: Vec<Value> = report
        .measures
        .iter()
        .map(|row| measure_row(row, at(&row.protocol, &row.scenario)))
        .collect();
    let failures: Vec<Value> = report
        .failures
        .iter()
        .map(|failure| {
            let (protocol, scenario) = at(&failure.protocol, &failure.scenario);
            json!([protocol, scenario, failure.seed, told(failure, &mut texts)])
        })
        .collect();
    let known: Vec<Value> = report
        .scenarios
        .iter()
        .map(|one| {
            let faults: Vec<&String> = one.faults.iter().map(|fault| &fault.text).collect();
            json!([
                one.name,
                one.about,
                one.source,
                one.call,
                one.fencing,
                faults,
                micros(one.heal_at),
                micros(one.heal_at + one.settle)
            ])
        })
        .collect();
    let guarantees: Vec<[&str; 2]> =
        Guarantee::ALL.iter().map(|one| [one.name(), one.about()]).collect();
    let names: Vec<&String> = report.protocols.iter().map(|one| &one.name).collect();
    json!({
        "protocols": names,
        "scenarios": known,
        "guarantees": guarantees,
        "seeds": [report.seeds.first, report.seeds.count],
        "cells": cells,
        "measures": measures,
        "failures": failures,
        "texts": texts.texts,
    })
    .to_string()
}

/// The data of the page of one run.
pub(super) fn run(failure: &ReportFailure) -> String {
    let mut texts = Texts::default();
    let run = told(failure, &mut texts);
    json!({ "run": run, "texts": texts.texts }).to_string()
}

fn guarantee(name: &str) -> Option<usize> {
    Guarantee::ALL.iter().position(|known| known.name() == name)
}

fn verdict(verdict: ReportVerdict) -> u8 {
    match verdict {
        ReportVerdict::Held => 0,
        ReportVerdict::Broken => 1,
        ReportVerdict::Unknown => 2,
        ReportVerdict::NotExercised => 3,
    }
}

fn cell_row(
    cell: &ReportCell,
    (protocol, scenario): (Option<usize>, Option<usize>),
    texts: &mut Texts,
) -> Value {
    let standing = match cell.standing {
        Standing::AsExpected => 0,
        Standing::Regression => 1,
        Standing::Blind => 2,
        Standing::Undecided => 3,
    };
    let reason =
        if cell.reason.is_empty() { json!(0) } else { json!(texts.number(&cell.reason) + 1) };
    json!([
        protocol,
        scenario,
        guarantee(&cell.guarantee),
        verdict(cell.verdict),
        cell.expected.map_or(-1, |expected| i64::from(verdict(expected))),
        u8::from(cell.promised),
        standing,
        cell.runs,
        cell.held_runs,
        cell.broken_runs,
        cell.unknown_runs,
        cell.break_rate.least,
        cell.break_rate.most,
        cell.first_broken_seed,
        reason,
    ])
}

fn measure_row(
    row: &ReportMeasures,
    (protocol, scenario): (Option<usize>, Option<usize>),
) -> Value {
    let amount = |amount: Option<Amount>| {
        amount.map(|amount| json!([amount.value, amount.within.map(|(a, b)| json!([a, b]))]))
    };
    let quantiles = |of: Option<Quantiles>| {
        of.map(|of| {
            let range = |(a, b): (u64, u64)| [micros(a), micros(b)];
            let ranges = of
                .middle_run
                .map(|by| [range(by.p50), range(by.p90), range(by.p99), range(by.max)]);
            json!([micros(of.p50), micros(of.p90), micros(of.p99), micros(of.max), ranges])
        })
    };
    let recovery = row.recovery_middle_run.map(|(a, b)| [micros(a), micros(b)]);
    let seconds = &row.seconds;
    // Of each second: how much of the waiting was served, and in how many runs a fault was at work.
    let served = (0..seconds.second.len()).map(|at| {
        let share = (seconds.served_ms[at] * 1000).checked_div(seconds.waited_ms[at]);
        json!([seconds.second[at], share, seconds.faulty_runs[at]])
    });
    let by_run = &row.by_run;
    let broken = by_run.broken.iter().map(|names| {
        let numbers: Vec<usize> = names.iter().filter_map(|name| guarantee(name)).collect();
        numbers
    });
    let runs = by_run.seed.iter().zip(broken).enumerate().map(|(at, (seed, broken))| {
        let (p50, p99) = by_run.latency[at]
            .map_or((None, None), |(p50, _, p99, _)| (Some(micros(p50)), Some(micros(p99))));
        json!([seed, broken, by_run.grants[at], p50, p99])
    });
    json!([
        protocol,
        scenario,
        row.runs,
        row.grants,
        quantiles(row.acquire_latency),
        amount(row.availability_permille),
        amount(row.messages_per_grant_permille),
        amount(row.disk_writes_per_grant_permille),
        row.rejected_stale,
        quantiles(row.recovery),
        recovery,
        served.collect::<Vec<Value>>(),
        runs.collect::<Vec<Value>>(),
    ])
}

/// A run that is told: its breaks, its story, its diagram.
fn told(failure: &ReportFailure, texts: &mut Texts) -> Value {
    let breaks: Vec<Value> = failure
        .breaks
        .iter()
        .map(|one| json!([guarantee(&one.guarantee), micros(one.at), texts.number(&one.reason)]))
        .collect();
    let story: Vec<Value> = failure.story.iter().map(|line| line_row(line, texts)).collect();
    let drawn = failure.diagram.as_ref().map(|diagram| diagram_row(diagram, texts));
    json!([breaks, story, drawn])
}

fn line_row(line: &ReportLine, texts: &mut Texts) -> Value {
    let mark = ["event", "consequence", "fault", "break", "fold"];
    let mark = mark.iter().position(|known| *known == line.mark);
    json!([micros(line.at), line.node.as_deref().unwrap_or(""), mark, texts.number(&line.text)])
}

fn diagram_row(diagram: &Diagram, texts: &mut Texts) -> Value {
    let token = |token: Option<u64>| token.map_or(json!(-1), |token| json!(token));
    let messages: Vec<Value> = diagram
        .messages
        .iter()
        .map(|arrow| {
            let fate = match arrow.fate {
                ArrowFate::Delivered => 0,
                ArrowFate::Copy => 1,
                ArrowFate::Lost => 2,
                ArrowFate::Cut => 3,
                ArrowFate::Undelivered => 4,
            };
            let arrived = arrow.arrived.map_or(json!(-1), |at| json!(micros(at)));
            json!([
                arrow.from,
                arrow.to,
                micros(arrow.sent),
                arrived,
                fate,
                texts.number(&arrow.text)
            ])
        })
        .collect();
    let bars = |bars: &[Bar]| -> Vec<Value> {
        let bar = |bar: &Bar| {
            let (from, to) = (micros(bar.from), micros(bar.to));
            json!([bar.lane, bar.lock, from, to, token(bar.token), bar.end])
        };
        bars.iter().map(bar).collect()
    };
    let (beliefs, accounts) = (bars(&diagram.beliefs), bars(&diagram.accounts));
    let bands: Vec<Value> = diagram
        .bands
        .iter()
        .map(|band| {
            let (from, to) = (micros(band.from), micros(band.to));
            json!([band.lanes, band.kind, from, to, texts.number(&band.text)])
        })
        .collect();
    let tokens: Vec<Value> = diagram
        .tokens
        .iter()
        .map(|shown| {
            json!([shown.lane, micros(shown.at), token(shown.token), shown.owner, shown.what])
        })
        .collect();
    json!([
        [micros(diagram.from), micros(diagram.to), micros(diagram.run_end)],
        diagram.lines,
        diagram.lanes,
        diagram.lanes_left_out,
        messages,
        diagram.messages_left_out,
        beliefs,
        accounts,
        bands,
        tokens,
    ])
}
