//! `locklab envelope`: how much of a fault each lock tolerates.

mod store;

use super::exit::Exit;
use super::output::{self, Output};
use super::trouble::Trouble;
use super::{choose, on_ctrl_c};
use crate::envelope::{Envelope as Report, EnvelopeRow, SCHEMA, chart};
use crate::html;
use crate::terminal::Terminal;
use clap::builder::PossibleValuesParser;
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use locklab_protocols::spec::Guarantee;
use locklab_scenarios::envelope::{Find, Measure, Over, Promised, border, promised};
use locklab_scenarios::registry::{Contestants, Entry};
use rayon::prelude::*;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::Store;

/// So many amounts are looked at for one kind of fault and lock at the most: the grid, and for
/// each measure the amount up to which it is promised and the halving.
fn at_most(measures: usize) -> u64 {
    9 + 8 * measures as u64
}

/// Finds how much of a fault a lock tolerates, beside what it promises.
#[derive(Args, Debug)]
pub(super) struct Envelope {
    /// The locks [default: all]
    #[arg(value_name = "PROTOCOL")]
    protocols: Vec<String>,
    /// What must not break; may be given several times [default: mutual-exclusion,
    /// no-lost-update and the availability]
    #[arg(long = "guarantee", value_name = "GUARANTEE", value_parser = guarantees())]
    guarantees: Vec<String>,
    /// The kind of fault; may be given several times [default: all of them]
    #[arg(long, value_name = "FAULT", value_parser = faults())]
    over: Vec<String>,
    /// Below which share of the time, in percent, a lock does not count as available: of the time
    /// in which somebody waits, that in which he is granted within the bound
    #[arg(long, value_name = "PERCENT", default_value_t = 90, value_parser = value_parser!(u32).range(1..=100))]
    availability: u32,
    /// How many seeds each amount is met with
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u64).range(1..=100_000))]
    seeds: u64,
    /// The first of these seeds
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = value_parser!(u64).range(..=1 << 62))]
    first_seed: u64,
    /// Keep what was found in this file, and go on from it
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Write the envelope for programs to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with the chart to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// No progress and no notes
    #[arg(long, short)]
    quiet: bool,
}

fn guarantees() -> PossibleValuesParser {
    let names = Guarantee::ALL.into_iter().map(Guarantee::name);
    PossibleValuesParser::new(names.chain(["availability"]))
}

fn faults() -> PossibleValuesParser {
    PossibleValuesParser::new(Over::ALL.into_iter().map(Over::name))
}

impl Envelope {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let contestants = choose::protocols(&self.protocols)?;
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let html = self.html.as_deref().map(Output::at).transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        let store = Store::open(self.state.as_deref(), self.first_seed, self.seeds)?;
        let known = store.check(&contestants, &stop)?;
        if known > 0 {
            super::note(self.quiet, &format!("going on: {known} amounts are known already"));
        }
        on_ctrl_c(&stop)?;
        let rows = self.found(&contestants, &store, &stop);
        store.save()?;
        let Some(rows) = rows? else {
            let on = match self.state {
                Some(_) => "the same command goes on from here",
                None => "with `--state FILE` it could go on from here",
            };
            super::note(self.quiet, &format!("stopped; {on}"));
            return Ok(Exit::Stopped);
        };
        let envelope = Report {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            first_seed: self.first_seed,
            seeds: self.seeds,
            rows,
        };
        if let Some(json) = json {
            json.write(|file| file.write_all(envelope.to_json().as_bytes()))?;
        }
        if let Some(html) = html {
            html.write(|file| file.write_all(html::envelope(&envelope).as_bytes()))?;
        }
        output::print(&chart(&envelope, terminal))?;
        Ok(exit(&envelope.rows))
    }

    /// The rows in the order of charts; `None` if somebody stopped it.
    fn found(
        &self,
        contestants: &Contestants,
        store: &Store,
        stop: &AtomicBool,
    ) -> Result<Option<Vec<EnvelopeRow>>, Trouble> {
        let (overs, measures) = (self.overs(), self.measures());
        let pairs: Vec<(Over, &Entry)> = overs
            .iter()
            .flat_map(|over| contestants.entries().iter().map(move |entry| (*over, entry)))
            .collect();
        let bar = self.bar(pairs.len() as u64 * at_most(measures.len()));
        let of_pair = |(over, entry): &(Over, &Entry)| {
            self.of_pair(*over, entry, &measures, (store, stop, &bar))
        };
        let found: Result<Vec<Option<Vec<EnvelopeRow>>>, Trouble> =
            pairs.par_iter().map(of_pair).collect();
        bar.finish_and_clear();
        let Some(found) = found?.into_iter().collect::<Option<Vec<Vec<EnvelopeRow>>>>() else {
            return Ok(None);
        };
        let mut rows: Vec<EnvelopeRow> = found.into_iter().flatten().collect();
        let rank = |row: &EnvelopeRow| {
            let over = overs.iter().position(|over| over.name() == row.over);
            let measure = measures.iter().position(|measure| measure.name() == row.measure);
            (over, measure)
        };
        rows.sort_by_key(rank);
        Ok(Some(rows))
    }

    fn of_pair(
        &self,
        over: Over,
        entry: &Entry,
        measures: &[Measure],
        (store, stop, bar): (&Store, &AtomicBool, &ProgressBar),
    ) -> Result<Option<Vec<EnvelopeRow>>, Trouble> {
        let mut left = at_most(measures.len());
        let mut trouble = None;
        let mut rows = Vec::new();
        for measure in measures {
            let promised = match measure {
                Measure::Guarantee(guarantee) => promised(entry, over, *guarantee),
                Measure::Availability(_) => Promised::Not(None),
            };
            let mut probe = |amount: u64| {
                bar.set_message(format!("{} {over} {}", entry.name(), over.amount(amount)));
                let (probe, new) =
                    store.probe(entry, over, amount, stop).unwrap_or_else(|why| {
                        trouble = Some(why);
                        None
                    })?;
                if new {
                    bar.inc(left.min(1));
                    left = left.saturating_sub(1);
                }
                Some(probe)
            };
            let up_to = match promised {
                Promised::UpTo(amount) => Some(amount),
                Promised::Not(_) => None,
            };
            let (most, step) = (over.most(), over.step());
            let find = Find { measure: *measure, most, step, promised: up_to };
            let border = border(find, &mut probe);
            if let Some(trouble) = trouble {
                stop.store(true, Ordering::Relaxed);
                return Err(trouble);
            }
            let Some(border) = border else { return Ok(None) };
            rows.push(EnvelopeRow::of((over, *measure, entry.name()), &border, &promised));
        }
        bar.inc(left);
        Ok(Some(rows))
    }

    fn overs(&self) -> Vec<Over> {
        let asked =
            |over: &Over| self.over.is_empty() || self.over.iter().any(|name| name == over.name());
        Over::ALL.into_iter().filter(asked).collect()
    }

    fn measures(&self) -> Vec<Measure> {
        let usual = [Guarantee::MutualExclusion, Guarantee::NoLostUpdate];
        let asked = |name: &str| self.guarantees.iter().any(|asked| asked == name);
        let of = |guarantee: &Guarantee| match self.guarantees.is_empty() {
            true => usual.contains(guarantee),
            false => asked(guarantee.name()),
        };
        let guarantees = Guarantee::ALL.into_iter().filter(of).map(Measure::Guarantee);
        let availability = Measure::Availability(self.availability * 10);
        let available = self.guarantees.is_empty() || asked("availability");
        guarantees.chain(available.then_some(availability)).collect()
    }

    fn bar(&self, amounts: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(amounts), ProgressDrawTarget::hidden());
        if !self.quiet && std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let template = "{bar:30} {percent} %, {eta} left  {msg}";
            bar.set_style(ProgressStyle::with_template(template).expect("a good template"));
        }
        bar
    }
}

/// A promise that broke is a regression, and one that was never put to the test is open.
fn exit(rows: &[EnvelopeRow]) -> Exit {
    if rows.iter().any(EnvelopeRow::breaks_its_promise) {
        Exit::Broken
    } else if rows.iter().any(EnvelopeRow::is_undecided) {
        Exit::Undecided
    } else {
        Exit::Fine
    }
}
