//! What to make of a lock, in plain words, drawn from what came out and from nothing else.
//!
//! The two uses of a lock are told apart (Kleppmann 2016): for *efficiency* it is enough that
//! work is seldom done twice; for *correctness* it must never happen, or the data must survive it.

use crate::report::{Report, ReportCell, ReportProtocol, ReportScenario, ReportVerdict, Standing};
use crate::terminal::many;
use locklab_scenarios::story::span;
use std::time::Duration;

/// What to make of a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// In one sentence.
    pub headline: String,
    /// Why, and what else.
    pub points: Vec<Point>,
}

/// One thing to know of a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Point {
    /// Whether it speaks for the lock.
    pub tone: Tone,
    /// What there is to know.
    pub text: String,
    /// The scenarios that show it.
    pub scenarios: Vec<String>,
}

/// Whether something speaks for a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// For it.
    Good,
    /// Something to know before one relies on it.
    Notable,
    /// Against it.
    Bad,
    /// It cannot be said.
    Dim,
}

/// What to make of one protocol of a report.
pub fn verdict(report: &Report, protocol: &ReportProtocol) -> Verdict {
    let seen = Seen { report, protocol };
    let (efficiency, calm) = seen.efficiency();
    let (correctness, data) = seen.correctness();
    let mut points = vec![calm, data];
    points.extend(seen.pauses());
    points.extend(seen.servers());
    points.extend(seen.service());
    points.extend(super::models::point(report, &protocol.name));
    points.extend(seen.complaints());
    Verdict { headline: format!("{efficiency} {correctness}"), points }
}

struct Seen<'a> {
    report: &'a Report,
    protocol: &'a ReportProtocol,
}

impl<'a> Seen<'a> {
    /// The cells of a guarantee that was put to the test, each with its scenario.
    fn cells(&self, guarantee: &str) -> Vec<(&'a ReportCell, &'a ReportScenario)> {
        let of_it = self.report.sampled().filter(|cell| {
            cell.protocol == self.protocol.name
                && cell.guarantee == guarantee
                && matches!(cell.verdict, ReportVerdict::Held | ReportVerdict::Broken)
        });
        let scenario = |cell: &ReportCell| {
            self.report.scenarios.iter().find(|known| known.name == cell.scenario)
        };
        of_it.filter_map(|cell| Some((cell, scenario(cell)?))).collect()
    }

    /// Is it good enough to save work?
    fn efficiency(&self) -> (String, Point) {
        let cells = self.cells("mutual-exclusion");
        let calm: Vec<_> =
            cells.iter().filter(|(_, where_)| where_.faults.is_empty()).copied().collect();
        let broken = names(calm.iter().filter(|(cell, _)| is_broken(cell)));
        if calm.is_empty() {
            let text = "No scenario without faults put it to the test.".to_owned();
            let headline = "Nothing can be said of calm weather;".to_owned();
            return (headline, Point { tone: Tone::Dim, text, scenarios: Vec::new() });
        }
        if broken.is_empty() {
            let text = format!(
                "Without faults two clients never held it at once ({}).",
                many(calm.len(), "scenario")
            );
            let point = Point { tone: Tone::Good, text, scenarios: Vec::new() };
            ("Safe for efficiency;".to_owned(), point)
        } else {
            let text = "Even without faults two clients held it at once: a section that outlasts \
                        the lease is enough."
                .to_owned();
            let point = Point { tone: Tone::Bad, text, scenarios: broken };
            ("For efficiency only where sections are short;".to_owned(), point)
        }
    }

    /// Do the data survive?
    fn correctness(&self) -> (String, Point) {
        let cells = self.cells("no-lost-update");
        let broken_with = |fencing: &str| {
            let with = cells.iter().filter(|(_, where_)| where_.fencing == fencing);
            names(with.filter(|(cell, _)| is_broken(cell)))
        };
        let tried = |fencing: &str| cells.iter().any(|(_, where_)| where_.fencing == fencing);
        let [none, writes, full] = ["none", "writes", "reads-and-writes"].map(broken_with);
        let has_tokens = !self.cells("token-order").is_empty();
        let (total, broken) =
            (cells.len(), cells.iter().filter(|(cell, _)| is_broken(cell)).count());
        let (tone, headline, text, scenarios) = if cells.is_empty() {
            let text = "No scenario put the data to the test.".to_owned();
            (Tone::Dim, "nothing can be said of correctness.", text, Vec::new())
        } else if broken == 0 {
            let text = format!("No update was lost ({}).", many(total, "scenario"));
            (Tone::Good, "for correctness nothing broke here.", text, Vec::new())
        } else if !has_tokens {
            let text = format!(
                "Updates were lost in {broken} of {}. It gives no tokens, so no storage can tell a \
                 stale holder.",
                many(total, "scenario")
            );
            let all = [none, writes, full].concat();
            (Tone::Bad, "not for correctness.", text, all)
        } else if !full.is_empty() {
            let text = format!(
                "Even a storage that checks the tokens of reads and writes lost updates, in {}: \
                 the tokens themselves went wrong, or nobody could know better.",
                many(full.len(), "scenario")
            );
            (
                Tone::Bad,
                "for correctness not even with a fence, once its servers forget.",
                text,
                full,
            )
        } else if !writes.is_empty() {
            let text = "A fence that checks writes alone lost updates: a stale reader writes back \
                        what it read before. One that covers reads too lost none."
                .to_owned();
            let headline = "for correctness only with a fence that covers reads.";
            (Tone::Notable, headline, text, writes)
        } else {
            let fenced = tried("writes") || tried("reads-and-writes");
            let text = if fenced {
                "Without a fence updates were lost; with one, none."
            } else {
                "Updates were lost, and no fence was tried."
            };
            (Tone::Notable, "for correctness only with a fence.", text.to_owned(), none)
        };
        (headline.to_owned(), Point { tone, text, scenarios })
    }

    /// How long may a client stand still?
    fn pauses(&self) -> Option<Point> {
        let pauses: Vec<(bool, u64, &str)> = self
            .cells("mutual-exclusion")
            .into_iter()
            .filter_map(|(cell, where_)| {
                Some((is_broken(cell), client_pause(where_)?, &*cell.scenario))
            })
            .collect();
        let survived =
            pauses.iter().filter(|(broken, ..)| !broken).max_by_key(|(_, long, _)| *long);
        let fatal = pauses.iter().filter(|(broken, ..)| *broken).min_by_key(|(_, long, _)| *long);
        let said = |nanos: u64| span(Duration::from_nanos(nanos));
        let promised = self.limit("mutual-exclusion", "client-pause-at-most");
        let promise = promised.map_or_else(String::new, |most| {
            format!(" It promises to survive pauses of up to {}.", said(most))
        });
        let (tone, text, scenarios) = match (survived, fatal) {
            (None, None) => return None,
            (Some((_, long, at)), None) => {
                let text = format!("Survives a holder that pauses for {}.{promise}", said(*long));
                (Tone::Good, text, vec![(*at).to_owned()])
            }
            (survived, Some((_, long, at))) => {
                let good = survived.filter(|(_, survived, _)| survived < long);
                let good = good.map_or_else(String::new, |(_, long, _)| {
                    format!("Survives a holder that pauses for {}. ", said(*long))
                });
                let text = format!(
                    "{good}After a pause of {} the holder goes on as if it still held the lock \
                     while another has it.{promise}",
                    said(*long)
                );
                (Tone::Notable, text, vec![(*at).to_owned()])
            }
        };
        Some(Point { tone, text, scenarios })
    }

    /// The limit of an assumption of a promise.
    fn limit(&self, guarantee: &str, assumption: &str) -> Option<u64> {
        let promises = self.protocol.promises.iter().filter(|one| one.guarantee == guarantee);
        promises.flat_map(|one| &one.assumes).find(|one| one.name == assumption)?.limit
    }

    /// Do the servers themselves give one lock to two?
    fn servers(&self) -> Option<Point> {
        let cells = self.cells("grant-exclusion");
        let broken = names(cells.iter().filter(|(cell, _)| is_broken(cell)));
        let (tone, text) = match (cells.len(), broken.len()) {
            (0, _) => return None,
            (total, 0) => {
                let text = format!(
                    "Its servers never gave it to two at once ({}).",
                    many(total, "scenario")
                );
                (Tone::Good, text)
            }
            (total, count) => {
                let text = format!(
                    "Its servers themselves gave it to two at once in {count} of {}.",
                    many(total, "scenario")
                );
                (Tone::Bad, text)
            }
        };
        Some(Point { tone, text, scenarios: broken })
    }

    /// Does it go on working?
    fn service(&self) -> Option<Point> {
        let cells = self.cells("progress");
        let broken = names(cells.iter().filter(|(cell, _)| is_broken(cell)));
        let (tone, text) = match (cells.len(), broken.len()) {
            (0, _) => return None,
            (total, 0) => {
                let text = format!(
                    "Once faults end, waiting clients are served ({}).",
                    many(total, "scenario")
                );
                (Tone::Good, text)
            }
            (total, count) => {
                let text = format!(
                    "Waiting clients were not served in time after the faults in {count} of {}.",
                    many(total, "scenario")
                );
                (Tone::Notable, text)
            }
        };
        Some(Point { tone, text, scenarios: broken })
    }

    /// What is not as promised and expected.
    fn complaints(&self) -> Option<Point> {
        let wrong = self.report.sampled().filter(|cell| {
            cell.protocol == self.protocol.name && cell.standing != Standing::AsExpected
        });
        let mut scenarios: Vec<String> = wrong.map(|cell| cell.scenario.clone()).collect();
        scenarios.dedup();
        if scenarios.is_empty() {
            return None;
        }
        let text =
            format!("Not as promised and expected in {}.", many(scenarios.len(), "scenario"));
        Some(Point { tone: Tone::Bad, text, scenarios })
    }
}

fn is_broken(cell: &ReportCell) -> bool {
    cell.verdict == ReportVerdict::Broken
}

fn names<'a>(cells: impl Iterator<Item = &'a (&'a ReportCell, &'a ReportScenario)>) -> Vec<String> {
    cells.map(|(cell, _)| cell.scenario.clone()).collect()
}

/// For how long a client stands still, where that is all that goes wrong.
fn client_pause(scenario: &ReportScenario) -> Option<u64> {
    let is_pause = |fault: &crate::report::ReportFault| {
        fault.kind == "pause" && fault.strikes.iter().all(|part| part == "clients")
    };
    let faults = &scenario.faults;
    if faults.is_empty() || !faults.iter().all(is_pause) {
        return None;
    }
    faults.iter().map(|fault| fault.lasts).collect::<Option<Vec<u64>>>()?.into_iter().max()
}
