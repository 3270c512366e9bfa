//! The cells of a comparison, by protocol, scenario and guarantee.

use locklab_protocols::spec::Guarantee;
use locklab_scenarios::judge::{Cell, Judgement, Wish};
use locklab_scenarios::suite::Comparison;

/// The cells of a comparison, by protocol, scenario and guarantee.
#[derive(Clone, Debug)]
pub struct Board<'a> {
    /// What came out.
    pub comparison: &'a Comparison,
    /// The protocols, in the order of the shelf.
    pub protocols: Vec<&'a str>,
    /// The scenarios, in the order of the catalogue.
    pub scenarios: Vec<&'a str>,
}

impl<'a> Board<'a> {
    /// The board of a comparison.
    pub fn of(comparison: &'a Comparison) -> Self {
        let (mut protocols, mut scenarios) = (Vec::new(), Vec::new());
        for row in &comparison.measures {
            if !protocols.contains(&row.protocol.as_str()) {
                protocols.push(row.protocol.as_str());
            }
            if !scenarios.contains(&row.scenario.as_str()) {
                scenarios.push(row.scenario.as_str());
            }
        }
        Self { comparison, protocols, scenarios }
    }

    /// The cells of a protocol, in the order of the scenarios.
    pub(super) fn of_protocol(&self, protocol: &str) -> impl Iterator<Item = &'a Cell> {
        self.comparison.cells.iter().filter(move |cell| cell.protocol == protocol)
    }

    /// The cells of a guarantee of a protocol, in the order of the scenarios.
    pub(super) fn of_guarantee(
        &self,
        protocol: &str,
        guarantee: Guarantee,
    ) -> impl Iterator<Item = &'a Cell> {
        self.of_protocol(protocol).filter(move |cell| cell.guarantee == guarantee)
    }

    /// The cells of a protocol in a scenario; empty if it did not meet it.
    pub(super) fn of_pair(&self, protocol: &str, scenario: &str) -> Vec<&'a Cell> {
        self.of_protocol(protocol).filter(|cell| cell.scenario == scenario).collect()
    }

    /// The guarantees that some cell speaks of and that were put to the test at all.
    pub(super) fn tested(&self) -> Vec<Guarantee> {
        let speaks = |guarantee: &Guarantee| {
            let mut cells = self.comparison.cells.iter();
            cells
                .any(|cell| cell.guarantee == *guarantee && cell.verdict != Judgement::NotExercised)
        };
        Guarantee::ALL.into_iter().filter(speaks).collect()
    }
}

/// Whether a cell is broken that should not be.
pub(super) fn is_alarm(cell: &Cell) -> bool {
    cell.verdict == Judgement::Broken && matches!(cell.as_wished, Wish::Regression(_))
}

/// What is wrong with a cell, without how it broke.
pub(super) fn complaint(cell: &Cell) -> &str {
    let why = cell.as_wished.why();
    why.strip_suffix(cell.reason.as_str()).map_or(why, |why| why.trim_end_matches([':', ' ']))
}

/// How a cell broke, its moment told once.
pub(super) fn reason(cell: &Cell) -> &str {
    let told = || {
        let (at, rest) = cell.reason.split_once(": ")?;
        rest.contains(at).then_some(rest)
    };
    told().unwrap_or(&cell.reason)
}
