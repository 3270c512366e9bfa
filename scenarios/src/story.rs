//! The story of a run: what happened, told so that one who has not read the code understands it.
//!
//! A trace says what every node saw. A story says what it means: one line for each event that
//! matters, in order, with its time and its node, and the moment at which each guarantee broke.
//! To say what an event means it follows the run as an observer would: who believes since when
//! that he holds what, whose lease the servers ended, who waits, who stands still, which write
//! the data stem from.
//!
//! What matters is decided by *sections*. A section is what an application does from asking for a
//! lock to giving it back. If nothing comes of it that a reader should know, its lines are folded
//! into a count; if something does (a pause in it, a lease that ends under it, a second holder, a
//! refused write), they are all told. The same consequence is told in full once; after that it
//! counts as more of the same. [`Detail::Everything`] folds nothing.
//!
//! Words are chosen, never numbers made up: everything in a story stands in the
//! [`Outcome`] that it is told from.

mod clients;
mod fold;
mod scene;
mod servers;
mod teller;
mod words;
mod world;

pub use words::{gist, span};

use locklab_protocols::id::NodeId;
use locklab_protocols::time::Time;
use locklab_sim::Outcome;
use std::fmt;

/// One line of a story.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Line {
    /// When it happened.
    pub at: Time,
    /// Where; `None` for what concerns several nodes or none.
    pub node: Option<NodeId>,
    /// What it means.
    pub text: String,
    /// What sort of line it is.
    pub mark: Mark,
}

/// What sort of line a line is, for colours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mark {
    /// Something that happens every day.
    Event,
    /// Something that went otherwise than the lock would have it.
    Consequence,
    /// A fault begins or ends.
    Fault,
    /// A guarantee breaks.
    Break,
    /// Lines that are left out.
    Fold,
}

/// How much to tell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Detail {
    /// What matters.
    #[default]
    Brief,
    /// Every event, message and timer.
    Everything,
}

/// Tells the story of a run that was recorded.
pub fn tell(outcome: &Outcome, detail: Detail) -> Vec<Line> {
    let mut teller = teller::Teller::new(outcome, detail);
    for traced in &outcome.trace {
        teller.hear(traced.at, &traced.what);
    }
    let (mut drafts, mut tales) = teller.finish();
    fold::mark_breaks(&mut drafts, &mut tales, &outcome.verdicts);
    fold::fold(drafts, &tales, detail)
}

impl Line {
    /// The column in which the text of a printed line begins.
    pub const TEXT_COLUMN: usize = 21;
}

impl fmt::Display for Line {
    /// The line in three columns: time, node, text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.node.map_or_else(String::new, |node| node.to_string());
        match self.mark {
            Mark::Break => write!(f, "{:>10}  ^^^      {}", "", self.text),
            Mark::Fold => write!(f, "{:>10}  ...      {}", "", self.text),
            _ => write!(f, "{:>10}  {node:<7}  {}", self.at.to_string(), self.text),
        }
    }
}
