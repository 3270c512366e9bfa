//! What is told of the drafts, and where the breaks stand.

use super::teller::{Draft, Tales, Weight};
use super::words::{count, list};
use super::{Detail, Line, Mark};
use locklab_protocols::id::ClientId;
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_protocols::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Puts a line behind the moment at which each guarantee broke, and has that moment told, with
/// the section in which it came.
pub(super) fn mark_breaks(
    drafts: &mut Vec<Draft>,
    tales: &mut Tales,
    verdicts: &BTreeMap<Guarantee, Verdict>,
) {
    let broken = verdicts.iter().filter_map(|(guarantee, verdict)| match verdict {
        Verdict::Broken { at, reason } => Some((*at, guarantee, reason)),
        _ => None,
    });
    let mut broken: Vec<(Time, &Guarantee, &String)> = broken.collect();
    broken.sort();
    for (at, guarantee, reason) in broken {
        let behind = drafts.partition_point(|draft| draft.line.at <= at);
        for draft in drafts[..behind].iter_mut().rev().take_while(|draft| draft.line.at == at) {
            if draft.weight == Weight::Section {
                draft.weight = Weight::Always;
                tales.told.extend(draft.section);
            }
        }
        let text = format!("{guarantee} breaks: {reason}");
        let line = Line { at, node: None, text, mark: Mark::Break };
        let weight = Weight::Always;
        drafts.insert(behind, Draft { line, weight, section: None, ends: false });
    }
}

/// Leaves out what nothing came of, and says how much that was.
pub(super) fn fold(drafts: Vec<Draft>, tales: &Tales, detail: Detail) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut folded = Folded::default();
    for draft in drafts {
        let eventful = draft.section.is_some_and(|section| tales.told.contains(&section));
        let told = match draft.weight {
            Weight::Always => true,
            Weight::Section => eventful || detail == Detail::Everything,
            Weight::Trifle => detail == Detail::Everything,
        };
        if told {
            lines.extend(folded.close());
            told_together(&mut lines, draft.line);
        } else {
            folded.add(&draft, tales);
        }
    }
    lines.extend(folded.close());
    lines
}

/// Adds a line. What a fault does to several nodes at once is one line, at the first of them.
fn told_together(lines: &mut Vec<Line>, line: Line) {
    let alike = |known: &&mut Line| {
        known.mark == Mark::Fault && known.node.is_some() && {
            let rest = known.text.strip_prefix(line.text.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(TOO))
        }
    };
    let now = lines.iter_mut().rev().take_while(|known| known.at == line.at);
    let first = now.filter(|_| line.mark == Mark::Fault).find(alike);
    match (first, line.node) {
        (Some(first), Some(node)) if first.text == line.text => {
            first.text += &format!("{TOO}{node})");
        }
        (Some(first), Some(node)) => {
            first.text.pop();
            first.text += &format!(", {node})");
        }
        _ => lines.push(line),
    }
}

/// Opens the list of the other nodes to which the same happens.
const TOO: &str = " (too: ";

/// Lines left out since the last one that was told.
#[derive(Default)]
struct Folded {
    /// Sections that ended in them and from which nothing came.
    calm: usize,
    /// Sections that ended in them and from which came what was told of others.
    alike: usize,
    clients: BTreeSet<ClientId>,
    last: Time,
}

impl Folded {
    fn add(&mut self, draft: &Draft, tales: &Tales) {
        if let Some(section) = draft.section.filter(|_| draft.ends) {
            if tales.repeats.contains(&section) {
                self.alike += 1;
            } else {
                self.calm += 1;
            }
            self.clients.extend(tales.clients.get(section));
            self.last = draft.line.at;
        }
    }

    fn close(&mut self) -> Option<Line> {
        let Self { calm, alike, clients, last } = std::mem::take(self);
        let sections = match (calm, alike) {
            (0, 0) => return None,
            (calm, 0) => count(calm, "uneventful section"),
            (0, alike) => count(alike, "section") + " with more of the same",
            (calm, alike) => {
                let alike = count(alike, "section");
                format!("{alike} with more of the same and {calm} uneventful")
            }
        };
        let text = format!("{sections} by {} until {last}", list(clients));
        Some(Line { at: last, node: None, text, mark: Mark::Fold })
    }
}
