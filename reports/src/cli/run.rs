//! `locklab run`: one lock in one scenario, with its story.

use super::exit::Exit;
use super::output::{self, Output};
use super::trouble::Trouble;
use super::{choose, heading, note};
use crate::Calls;
use crate::html;
use crate::report::{Ran, Report, ReportFailure, Seeds};
use crate::tables::{complaints, once, several};
use crate::terminal::{Paint, Terminal};
use crate::trace;
use clap::{Args, value_parser};
use locklab_scenarios::contestant::Contestant;
use locklab_scenarios::judge::{MeasureRow, Tally, judge};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::sim::{Outcome, Record};
use locklab_scenarios::story::{self, Detail, Line, Mark};
use locklab_scenarios::suite::Comparison;
use rayon::prelude::*;
use std::path::PathBuf;

/// Plays one scenario with one lock.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// A scenario of the catalogue, or the path of a scenario file
    scenario: String,
    /// The lock
    #[arg(long)]
    protocol: String,
    /// The seed
    #[arg(long, value_name = "K", default_value_t = 1, conflicts_with = "seeds")]
    seed: u64,
    /// Play the seeds from 1 to this one, and tell the first run that breaks
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1_000_000))]
    seeds: Option<u64>,
    /// Write everything that happened to this file, one JSON object a line
    #[arg(long, value_name = "FILE", conflicts_with = "seeds")]
    trace: Option<PathBuf>,
    /// Write the report for programs to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with the story and a picture of the run to this file
    #[arg(long, value_name = "FILE", conflicts_with = "seeds")]
    html: Option<PathBuf>,
    /// Tell every event, message and timer, not only what matters
    #[arg(long)]
    everything: bool,
    /// No notes, and no story: verdicts only
    #[arg(long, short)]
    quiet: bool,
}

impl Run {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let mut calls = Calls::default();
        let scenario = choose::scenario(&self.scenario, &mut calls)?;
        let shelf = Contestants::shelf();
        let contestant = shelf.build(&self.protocol, &scenario).map_err(Trouble::Asked)?;
        if !scenario.is_for(contestant.as_ref()) {
            let (scenario, protocol) = (&scenario.name, &self.protocol);
            return Err(Trouble::Asked(format!("scenario `{scenario}` is not for `{protocol}`")));
        }
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let trace = self.trace.as_deref().map(Output::at).transpose()?;
        let html = self.html.as_deref().map(Output::at).transpose()?;
        let files = (trace.as_ref(), html.as_ref());
        let (tally, page, exit) = match self.seeds {
            None => self.once(contestant.as_ref(), &scenario, files, (terminal, &calls))?,
            Some(seeds) => self.several(contestant.as_ref(), &scenario, seeds, (terminal, &calls)),
        };
        if let Some(json) = json {
            let measures = vec![MeasureRow::of(contestant.as_ref(), &scenario, &tally)];
            let cells = judge(contestant.as_ref(), &scenario, &tally);
            let seeds = match self.seeds {
                None => Seeds { first: self.seed, count: 1 },
                Some(count) => Seeds { first: 1, count },
            };
            let contestants = shelf.only(&[&self.protocol]).map_err(Trouble::Asked)?;
            let (contestants, scenarios) = (&contestants, std::slice::from_ref(&scenario));
            let ran = Ran { contestants, scenarios, seeds, calls: &calls };
            let text = Report::of(&Comparison { cells, measures }, &ran).to_json();
            json.write(|file| file.write_all(text.as_bytes()))?;
        }
        output::print(&page)?;
        Ok(exit)
    }

    fn once(
        &self,
        contestant: &dyn Contestant,
        scenario: &Scenario,
        (trace, html): (Option<&Output>, Option<&Output>),
        (terminal, calls): (&Terminal, &Calls),
    ) -> Result<(Tally, String, Exit), Trouble> {
        let outcome = contestant.run(scenario, self.seed, Record::Everything);
        if let Some(trace) = trace {
            trace.write(|mut file| trace::write(&outcome, &mut file))?;
        }
        if let Some(html) = html {
            let replay = calls.replay(&scenario.name, &self.protocol, self.seed);
            let names = (self.protocol.as_str(), scenario.name.as_str());
            let told = ReportFailure::of(&outcome, names, replay, false);
            let which = format!("seed {}", self.seed);
            let text = html::run(&told, &which, &[&scenario.about, &scenario.source]);
            html.write(|file| file.write_all(text.as_bytes()))?;
        }
        let tally = Tally::of(outcome.clone());
        let cells = judge(contestant, scenario, &tally);
        let mut page = self.told(&outcome, scenario, terminal);
        page += &once(&outcome, &cells, &scenario.goals(&self.protocol), (terminal, !self.quiet));
        page += &complaints(&cells, terminal);
        let exit = Exit::of_one_run(&cells);
        Ok((tally, page, exit))
    }

    fn several(
        &self,
        contestant: &dyn Contestant,
        scenario: &Scenario,
        seeds: u64,
        (terminal, calls): (&Terminal, &Calls),
    ) -> (Tally, String, Exit) {
        let one = |seed| Tally::of(contestant.run(scenario, seed, Record::Nothing));
        let tally = (1..=seeds).into_par_iter().map(one).reduce(Tally::default, Tally::merge);
        let cells = judge(contestant, scenario, &tally);
        let title = format!("{} in {}, seeds 1 to {seeds}", self.protocol, scenario.name);
        let mut page = heading(terminal, &title);
        page += &several(&cells, terminal);
        page += &complaints(&cells, terminal);
        let first = cells.iter().filter_map(|cell| cell.first_broken_seed).min();
        match first {
            Some(seed) => {
                let outcome = contestant.run(scenario, seed, Record::Everything);
                page.push('\n');
                page += &self.told(&outcome, scenario, terminal);
                page += &format!("{}\n", calls.replay(&scenario.name, &self.protocol, seed));
            }
            None => note(self.quiet, "nothing broke, so there is no story to tell"),
        }
        (tally, page, Exit::of(&cells))
    }

    /// The story of a run.
    fn told(&self, outcome: &Outcome, scenario: &Scenario, terminal: &Terminal) -> String {
        if self.quiet {
            return String::new();
        }
        let title = format!("{} in {}, seed {}", self.protocol, scenario.name, outcome.seed);
        let mut page = format!("{}\n", terminal.paint(Paint::Bold, &title));
        for about in [&scenario.about, &scenario.source] {
            if !about.trim().is_empty() {
                let about = about.split_whitespace().collect::<Vec<&str>>().join(" ");
                page += &format!("{}\n", terminal.wrap(&about, 0));
            }
        }
        page.push('\n');
        let detail = if self.everything { Detail::Everything } else { Detail::Brief };
        for line in story::tell(outcome, detail) {
            page += &shown(&line, terminal);
        }
        page.push('\n');
        page
    }
}

/// One line of a story, wrapped below its text.
pub(super) fn shown(line: &Line, terminal: &Terminal) -> String {
    let paint = match line.mark {
        Mark::Event => Paint::Plain,
        Mark::Consequence => Paint::Notable,
        Mark::Fault => Paint::Fault,
        Mark::Break => Paint::Bad,
        Mark::Fold => Paint::Dim,
    };
    let text = terminal.wrap(&line.to_string(), Line::TEXT_COLUMN);
    format!("{}\n", terminal.paint(paint, &text))
}
