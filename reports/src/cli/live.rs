//! `locklab live`: the same locks as processes of this machine.

use super::exit::Exit;
use super::output::{self, Output};
use super::trouble::Trouble;
use super::{choose, note, on_ctrl_c, run::shown};
use crate::Calls;
use crate::html;
use crate::report::{Ran, Report, ReportFailure, Seeds};
use crate::tables::{complaints, live, once, several};
use crate::terminal::{Paint, Terminal};
use clap::{Args, value_parser};
use locklab_scenarios::catalogue;
use locklab_scenarios::contestant::Contestant;
use locklab_scenarios::judge::{Cell, MeasureRow, Tally, judge};
use locklab_scenarios::live::bench::{Cost, measure};
use locklab_scenarios::live::compared::{Pair, Row, compare, pairs};
use locklab_scenarios::live::soak::soak;
use locklab_scenarios::live::{LiveError, LiveRun, Options, Transport};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::sim::text::parse_duration;
use locklab_scenarios::story::{self, Detail};
use locklab_scenarios::suite::Comparison;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// No soak lasts longer: its record has to fit into memory.
const LONGEST_SOAK: Duration = Duration::from_secs(24 * 3600);

/// Runs a lock as processes of this machine, in real time.
#[derive(Args, Debug)]
pub(super) struct Live {
    /// The lock; with --all or --bench every lock if it is left out
    #[arg(required_unless_present_any = ["all", "bench"])]
    protocol: Option<String>,
    /// A scenario of the catalogue, or the path of a scenario file; with --all every one of the
    /// catalogue if it is left out, otherwise `calm`
    #[arg(long)]
    scenario: Option<String>,
    /// How many servers, for locks that can choose
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=15))]
    servers: Option<u16>,
    /// How many clients
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=30))]
    clients: Option<u16>,
    /// How long until all faults end, instead of what the scenario says
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    lasts: Option<Duration>,
    /// Write the report for programs to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with the story and a picture of the run to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all", "bench", "soak"])]
    html: Option<PathBuf>,
    /// Hold the catalogue against the simulator: what it predicts, and what happens
    #[arg(long, conflicts_with_all = ["bench", "json", "servers", "clients", "lasts"])]
    all: bool,
    /// Write what --all finds to this file too, as a table in Markdown
    #[arg(long, value_name = "FILE", requires = "all")]
    markdown: Option<PathBuf>,
    /// Measure grants a second and waits on this machine, and the simulator's costs beside them
    #[arg(long, conflicts_with_all = ["all", "json", "scenario", "servers", "clients"])]
    bench: bool,
    /// Kill and stop servers every few seconds, for as long as --for says
    #[arg(long, conflicts_with_all = ["all", "bench", "scenario"])]
    soak: bool,
    /// Send each message in a datagram, not over connections
    #[arg(long)]
    udp: bool,
    /// How many runs of --all go on at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// No notes, and no story: verdicts only
    #[arg(long, short)]
    quiet: bool,
}

impl Live {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let stop = Arc::new(AtomicBool::new(false));
        on_ctrl_c(&stop)?;
        let program = std::env::current_exe()
            .map_err(|error| Trouble::Asked(format!("cannot find this program: {error}")))?;
        let transport = if self.udp { Transport::Udp } else { Transport::Tcp };
        let options = Options {
            program,
            seed: 1,
            traces: true,
            transport,
            direct: false,
            pools_bites: self.soak,
            stop,
        };
        if self.all {
            self.against_the_simulator(&options, terminal)
        } else if self.bench {
            self.measured(&options, terminal)
        } else {
            self.once(&options, terminal)
        }
    }

    fn once(&self, options: &Options, terminal: &Terminal) -> Result<Exit, Trouble> {
        let mut calls = Calls::default();
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let shelf = Contestants::shelf();
        let scenario = if self.soak {
            if self.lasts.is_some_and(|lasts| lasts > LONGEST_SOAK) {
                return Err(Trouble::Asked("a soak lasts a day at the most".to_owned()));
            }
            let plain = self.set(Scenario::default());
            let servers = shelf.live(protocol, &plain).map_err(Trouble::Asked)?.servers();
            self.set(soak(servers, self.lasts.unwrap_or(Duration::from_secs(600)), options.seed))
        } else {
            self.set(choose::scenario(self.called(), &mut calls)?)
        };
        let contestant = shelf.live(protocol, &scenario).map_err(Trouble::Asked)?;
        if !scenario.is_for(contestant.as_ref()) {
            let name = &scenario.name;
            return Err(Trouble::Asked(format!("scenario `{name}` is not for `{protocol}`")));
        }
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let page_file = self.html.as_deref().map(Output::at).transpose()?;
        let (heal, settle) = (story::span(scenario.heal_at), story::span(scenario.settle));
        let said = format!("this takes {heal}, and up to {settle} more until all is well again");
        note(self.quiet, &said);
        let options = Options { traces: !self.soak, ..options.clone() };
        let run = contestant.run_live(&scenario, &options).map_err(trouble)?;
        if let Some(page) = page_file {
            let names = (protocol, scenario.name.as_str());
            let told = ReportFailure::of(&run.outcome, names, self.command(&calls), false);
            let text = html::run(&told, "live", &[&scenario.about, &scenario.source]);
            page.write(|file| file.write_all(text.as_bytes()))?;
        }
        let tally = Tally::of(run.outcome.clone());
        let contestant: &dyn Contestant = contestant.as_ref();
        let cells = judge(contestant, &scenario, &tally);
        let measures = MeasureRow::of(contestant, &scenario, &tally);
        output::print(&self.page(&run, &scenario, (&cells, &measures), terminal))?;
        if let Some(json) = json {
            let contestants = shelf.only(&[protocol]).map_err(Trouble::Asked)?;
            let (contestants, scenarios) = (&contestants, std::slice::from_ref(&scenario));
            let seeds = Seeds { first: options.seed, count: 1 };
            let ran = Ran { contestants, scenarios, seeds, calls: &calls };
            let comparison = Comparison { cells: cells.clone(), measures: vec![measures] };
            let report = Report::of(&comparison, &ran).of_processes(&self.command(&calls));
            json.write(|file| file.write_all(report.to_json().as_bytes()))?;
        }
        Ok(if run.interrupted { Exit::Stopped } else { Exit::of_one_run(&cells) })
    }

    /// How the scenario is called.
    fn called(&self) -> &str {
        self.scenario.as_deref().unwrap_or("calm")
    }

    /// The command that runs the same again.
    fn command(&self, calls: &Calls) -> String {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let mut command = if self.soak {
            format!("cargo run --release -- live {protocol} --soak")
        } else {
            calls.live(self.called(), protocol)
        };
        for (option, number) in [("--servers", self.servers), ("--clients", self.clients)] {
            if let Some(number) = number {
                command += &format!(" {option} {number}");
            }
        }
        if self.udp {
            command += " --udp";
        }
        if let Some(lasts) = self.lasts {
            command += &format!(" --for {}ms", lasts.as_millis());
        }
        command
    }

    /// The scenario as the other options have it.
    fn set(&self, mut scenario: Scenario) -> Scenario {
        if let Some(servers) = self.servers {
            scenario.servers = Some(usize::from(servers));
        }
        if let Some(clients) = self.clients {
            scenario.clients = usize::from(clients);
        }
        if let Some(lasts) = self.lasts {
            scenario.heal_at = lasts;
        }
        scenario
    }

    fn page(
        &self,
        run: &LiveRun,
        scenario: &Scenario,
        (cells, measures): (&[Cell], &MeasureRow),
        terminal: &Terminal,
    ) -> String {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let title = format!("{protocol} in {}, live", scenario.name);
        let mut page = format!("{}\n\n", terminal.paint(Paint::Bold, &title));
        if !self.quiet && !self.soak {
            for line in story::tell(&run.outcome, Detail::Brief) {
                page += &shown(&line, terminal);
            }
            page.push('\n');
        }
        let goals = scenario.goals(protocol);
        if self.soak {
            page += &several(cells, terminal);
            page += &format!("\n{}", live::struck(&run.strikes));
        } else {
            page += &once(&run.outcome, cells, &goals, (terminal, !self.quiet));
        }
        page += &live::costs(measures);
        for emulated in &run.emulated {
            page += &format!("not by the machine itself: {emulated}\n");
        }
        for said in &run.notes {
            page += &format!("note: {said}\n");
        }
        page + &complaints(cells, terminal)
    }

    fn against_the_simulator(
        &self,
        options: &Options,
        terminal: &Terminal,
    ) -> Result<Exit, Trouble> {
        let shelf = Contestants::shelf();
        let mut calls = Calls::default();
        let scenarios = match &self.scenario {
            None => catalogue::all(),
            Some(one) => vec![choose::scenario(one, &mut calls)?],
        };
        if let Some(protocol) = &self.protocol {
            shelf.entry(protocol).map_err(Trouble::Asked)?;
        }
        let markdown = self.markdown.as_deref().map(Output::at).transpose()?;
        let pairs: Vec<Pair> = pairs(&scenarios, self.protocol.as_deref());
        let options = Options { traces: false, ..options.clone() };
        let total = pairs.len();
        let told = |done: usize, pair: &Pair| {
            note(
                self.quiet,
                &format!("{done} of {total}: {} in {}", pair.protocol, pair.scenario.name),
            );
        };
        let rows: Vec<Row> = compare(&pairs, usize::from(self.jobs), &options, &told);
        if let Some(markdown) = markdown {
            let text = live::compared_in_markdown(&rows);
            markdown.write(|file| file.write_all(text.as_bytes()))?;
        }
        output::print(&live::compared(&rows, terminal))?;
        let differs = rows.iter().any(|row| !row.differences().is_empty() || row.failed.is_some());
        Ok(if options.stop.load(Ordering::Relaxed) {
            Exit::Stopped
        } else if differs {
            Exit::Broken
        } else {
            Exit::Fine
        })
    }

    fn measured(&self, options: &Options, terminal: &Terminal) -> Result<Exit, Trouble> {
        let names: Vec<String> = self.protocol.iter().cloned().collect();
        let chosen = choose::protocols(&names)?;
        let lasts = self.lasts.unwrap_or(Duration::from_secs(5));
        let mut costs: Vec<Cost> = Vec::new();
        for name in chosen.names() {
            note(self.quiet, name);
            for clients in [1, 4] {
                costs.push(measure(name, clients, lasts, options).map_err(trouble)?);
            }
            if options.stop.load(Ordering::Relaxed) {
                return Ok(Exit::Stopped);
            }
        }
        output::print(&live::measured(&costs, terminal))?;
        Ok(Exit::Fine)
    }
}

fn trouble(error: LiveError) -> Trouble {
    Trouble::Asked(error.to_string())
}
