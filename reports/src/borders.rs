//! The border of a lock, for people and for programs.
//!
//! Where a lease excludes and where it does not, by the timed model: one verdict for each margin,
//! clock rate and pause. What the settings of a lock cover stands beside what was found, and each
//! must agree with the other.

use crate::cli::Exit;
use crate::terminal::{Paint, Terminal};
use locklab_models::Step;
use locklab_models::timed::Break;
use locklab_models::timed::border::{Border, Cell, Side};
use locklab_models::timed::catalogue::TICK;
use serde::Serialize;

/// The name and the version of the format.
pub const SCHEMA: &str = "locklab/border/1";

/// The borders of some locks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Borders {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// One for each lock.
    pub borders: Vec<Drawn>,
}

impl Default for Borders {
    fn default() -> Self {
        Self { schema: SCHEMA, borders: Vec::new() }
    }
}

/// The border of one lock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Drawn {
    /// The lock.
    pub protocol: &'static str,
    /// How many servers it has.
    pub servers: usize,
    /// How many clients contend.
    pub clients: usize,
    /// Its lease, in ticks.
    pub lease_ticks: u32,
    /// How long messages take at most, in ticks; none if as long as they like.
    pub delay_ticks: Option<u16>,
    /// How often everything may happen.
    pub bounds: String,
    /// One for each combination.
    pub cells: Vec<Square>,
}

/// One combination.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Square {
    /// What the validity is shorter than the lease by, in percent of it.
    pub margin_percent: u32,
    /// By how many percent clocks may run fast or slow.
    pub clock_rate_percent: u32,
    /// How long clients may stand still, in ticks.
    pub pause_ticks: u16,
    /// Whether the settings cover that.
    pub covered: bool,
    /// What the search found.
    pub verdict: Verdict,
    /// How many different states it has seen.
    pub states: usize,
    /// How it breaks, in the words of the monitor.
    pub reason: Option<String>,
    /// The moves of a shortest run that breaks it, each with its time in ticks.
    pub story: Vec<String>,
}

/// What a search found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every run excludes.
    Exhausted,
    /// Some run does not.
    Broken,
    /// It stopped before its end, or has not looked.
    Unknown,
}

impl From<Side> for Verdict {
    fn from(side: Side) -> Self {
        match side {
            Side::Holds => Self::Exhausted,
            Side::Breaks => Self::Broken,
            Side::Unknown => Self::Unknown,
        }
    }
}

impl Square {
    fn of(cell: &Cell) -> Self {
        let broken = cell.report.broken.as_ref();
        Self {
            margin_percent: cell.margin_percent,
            clock_rate_percent: cell.rate_percent,
            pause_ticks: cell.pause,
            covered: cell.is_covered(),
            verdict: cell.side().into(),
            states: cell.report.unique,
            reason: broken.map(|broken| broken.reason.clone()),
            story: broken.map_or_else(Vec::new, story),
        }
    }

    /// What was found should be what the settings say.
    fn exit(&self) -> Exit {
        match (self.verdict, self.covered) {
            (Verdict::Exhausted, true) | (Verdict::Broken, false) => Exit::Fine,
            (Verdict::Exhausted, false) | (Verdict::Broken, true) => Exit::Broken,
            (Verdict::Unknown, _) => Exit::Undecided,
        }
    }

    fn word(&self) -> String {
        let word = match self.verdict {
            Verdict::Exhausted => "holds",
            Verdict::Broken => "breaks",
            Verdict::Unknown => "unknown",
        };
        let wrong = if self.exit() == Exit::Broken { " (!)" } else { "" };
        format!("{word}{wrong}")
    }

    fn paint(&self) -> Paint {
        match (self.exit(), self.verdict) {
            (Exit::Fine, Verdict::Exhausted) => Paint::Good,
            (Exit::Fine, _) => Paint::Notable,
            _ => Paint::Bad,
        }
    }
}

/// The moves of a run, each with its time.
fn story(broken: &Break) -> Vec<String> {
    let steps: Vec<Step> = broken.story.iter().map(|moment| moment.step.clone()).collect();
    let at = broken.story.iter().map(|moment| ticks(moment.at.as_millis()));
    let told = crate::checks::moves(&steps);
    at.zip(told).map(|(at, told)| format!("{at}  {told}")).collect()
}

/// So many milliseconds in ticks, of which there are halves.
fn ticks(millis: u128) -> String {
    let tick = TICK.as_millis();
    let half = if (2 * millis / tick).is_multiple_of(2) { "" } else { ".5" };
    format!("{}{half}", millis / tick)
}

impl Drawn {
    /// The border that a search drew.
    pub fn of(border: &Border) -> Self {
        Self {
            protocol: border.protocol,
            servers: border.axes.servers,
            clients: border.clients,
            lease_ticks: border.axes.lease,
            delay_ticks: border.axes.delay,
            bounds: border.bounds.to_string(),
            cells: border.cells.iter().map(Square::of).collect(),
        }
    }

    fn exit(&self) -> Exit {
        self.cells.iter().map(Square::exit).max().unwrap_or(Exit::Undecided)
    }

    /// As a table, and one run beyond the border if it is wanted.
    pub fn page(&self, terminal: &Terminal, with_story: bool) -> String {
        let Self { protocol, lease_ticks, .. } = self;
        let title = format!("{protocol}: when a lease of {lease_ticks} ticks excludes");
        let mut page = format!("{}\n\n", terminal.paint(Paint::Bold, &title));
        page += &self.table(terminal);
        let states: usize = self.cells.iter().map(|cell| cell.states).sum();
        let some = |number: usize, what: &str| match number {
            1 => format!("1 {what}"),
            _ => format!("{number} {what}s"),
        };
        let delay = match self.delay_ticks {
            Some(ticks) => format!("up to {}", some(ticks.into(), "tick")),
            None => "as long as they like".to_owned(),
        };
        let about = format!(
            "  {} and {}; clocks off by up to so much either way, at any moment; clients stand still \
             for up to so many ticks, as often as they like; messages take {delay}",
            some(self.servers, "server"),
            some(self.clients, "client"),
        );
        page += &format!("\n{}\n", terminal.wrap(&about, 2));
        page += &format!("{}\n", terminal.wrap(&format!("  bounds: {}", self.bounds), 4));
        page += &format!("  {states} states\n\n");
        if with_story && let Some(cell) = self.nearest() {
            page += &told(cell, terminal);
        }
        page
    }

    /// The combination beyond the border with the largest margin, the best clocks and the shortest
    /// pause.
    fn nearest(&self) -> Option<&Square> {
        let broken = self.cells.iter().filter(|cell| cell.verdict == Verdict::Broken);
        broken.min_by_key(|cell| {
            (cell.clock_rate_percent, std::cmp::Reverse(cell.margin_percent), cell.pause_ticks)
        })
    }

    fn table(&self, terminal: &Terminal) -> String {
        let mut pauses: Vec<u16> = self.cells.iter().map(|cell| cell.pause_ticks).collect();
        pauses.sort_unstable();
        pauses.dedup();
        let heads = ["margin".to_owned(), "clocks off by".to_owned()].into_iter();
        let pause = |ticks: &u16| format!("pause {ticks}");
        let rows = self.rows().into_iter().map(|cells| {
            let Square { margin_percent, clock_rate_percent, .. } = *cells[0];
            let margin = TICK.as_millis() * u128::from(self.lease_ticks * margin_percent) / 100;
            let row = [
                (Paint::Plain, format!("{} ticks", ticks(margin))),
                (Paint::Plain, format!("{clock_rate_percent} %")),
            ];
            let found = cells.into_iter().map(|cell| (cell.paint(), cell.word()));
            row.into_iter().chain(found).collect()
        });
        crate::tables::painted(terminal, heads.chain(pauses.iter().map(pause)), rows)
    }

    /// The cells of each margin and rate.
    fn rows(&self) -> Vec<Vec<&Square>> {
        let mut rows: Vec<Vec<&Square>> = Vec::new();
        for cell in &self.cells {
            let same = |row: &&mut Vec<&Square>| {
                (row[0].margin_percent, row[0].clock_rate_percent)
                    == (cell.margin_percent, cell.clock_rate_percent)
            };
            match rows.last_mut().filter(same) {
                Some(row) => row.push(cell),
                None => rows.push(vec![cell]),
            }
        }
        rows
    }
}

fn told(cell: &Square, terminal: &Terminal) -> String {
    let Square { clock_rate_percent, pause_ticks, margin_percent, .. } = cell;
    let title = format!(
        "How it breaks with a margin of {margin_percent} %, clocks off by {clock_rate_percent} % and \
         a pause of {pause_ticks}"
    );
    let mut text = format!("{}\n", terminal.paint(Paint::Bold, &title));
    for line in &cell.story {
        let (at, line) = line.split_once("  ").unwrap_or(("", line));
        text += &format!("{}\n", terminal.wrap(&format!("  {at:>5}  {line}"), 9));
    }
    text + "\n"
}

impl Borders {
    /// How the command ends: the worst of all combinations.
    pub fn exit(&self) -> Exit {
        self.borders.iter().map(Drawn::exit).max().unwrap_or(Exit::Undecided)
    }

    /// As text for programs.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has a form in JSON");
        text.push('\n');
        text
    }

    /// In one line.
    pub fn summary(&self) -> String {
        let cells = || self.borders.iter().flat_map(|border| &border.cells);
        let all = cells().count();
        let covered = cells().filter(|cell| cell.covered).count();
        match cells().filter(|cell| cell.exit() != Exit::Fine).count() {
            0 => format!(
                "{all} combinations: the {covered} that the settings cover hold, the other {} break.",
                all - covered
            ),
            1 => format!("{all} combinations; 1 is NOT as it should be."),
            wrong => format!("{all} combinations; {wrong} are NOT as they should be."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(verdict: Verdict, covered: bool) -> Square {
        Square {
            margin_percent: 25,
            clock_rate_percent: 0,
            pause_ticks: 2,
            covered,
            verdict,
            states: 1,
            reason: None,
            story: Vec::new(),
        }
    }

    #[test]
    fn a_break_inside_and_none_outside_are_both_wrong() {
        assert_eq!(square(Verdict::Exhausted, true).exit(), Exit::Fine);
        assert_eq!(square(Verdict::Broken, false).exit(), Exit::Fine);
        assert_eq!(square(Verdict::Broken, true).exit(), Exit::Broken);
        assert_eq!(square(Verdict::Exhausted, false).exit(), Exit::Broken);
        assert_eq!(square(Verdict::Unknown, true).exit(), Exit::Undecided);
        assert_eq!(Borders::default().exit(), Exit::Undecided, "nothing was searched");
    }

    #[test]
    fn a_tick_has_halves() {
        assert_eq!(ticks(0), "0");
        assert_eq!(ticks(1500), "1.5");
        assert_eq!(ticks(2000), "2");
    }
}
