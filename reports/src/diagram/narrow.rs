//! What a reader wants to see of a long run.

use super::{Arrow, ArrowFate, Bar, Diagram};
use locklab_protocols::time::Time;
use locklab_scenarios::story::{Line, Mark};
use std::collections::{BTreeMap, BTreeSet};

/// So many lines are shown before the first break.
const BEFORE: usize = 14;

/// So many lines are shown after the last break that is shown.
const AFTER: usize = 6;

/// No more lines than this.
const LINES: usize = 40;

/// What a node sends comes of what it was handed last, if that is no longer ago than this.
const SYNC: u64 = 50_000_000;

/// No more lost messages than this.
const LOST: usize = 24;

/// No more messages than this.
const MESSAGES: usize = 160;

impl Diagram {
    /// The part of the run around its breaks, with the messages that the story's lines come of.
    /// Without a break, the beginning.
    #[must_use]
    pub fn narrowed(&self, story: &[Line]) -> Self {
        let (first, behind) = window(story);
        let lines = &story[first..behind];
        let told = || lines.iter().filter(|line| line.mark != Mark::Fold);
        let from = told().map(|line| line.at.0).min().unwrap_or(self.from);
        let to = told().map(|line| line.at.0).max().unwrap_or(self.to);
        let inside = |at: u64| (from..=to).contains(&at);
        let roots = roots(told(), &self.lanes);
        let kept = self.causes(&roots, (from, to));
        let of_window = |arrow: &&Arrow| inside(arrow.sent) || arrow.arrived.is_some_and(inside);
        let in_window = self.messages.iter().filter(of_window).count();
        let breaks: Vec<u64> =
            told().filter(|line| line.mark == Mark::Break).map(|line| line.at.0).collect();
        // A bar is context if the story tells of one of its ends, or if it stands at a break.
        let matters = |lane: usize, start: u64, end: u64| {
            let told = [start, end].iter().any(|at| roots.contains(&(lane, *at)));
            start <= to
                && end >= from
                && (told || breaks.iter().any(|at| start <= *at && *at <= end))
        };
        let bar = |bar: &&Bar| matters(bar.lane, bar.from, bar.to);
        let beliefs: Vec<Bar> = self.beliefs.iter().filter(bar).cloned().collect();
        let beside = |account: &&Bar| {
            bar(account)
                || beliefs.iter().any(|belief| {
                    belief.lane == account.lane
                        && belief.from <= account.to
                        && account.from <= belief.to
                        && account.from <= to
                })
        };
        let mut narrowed = Self {
            from,
            to,
            run_end: self.run_end,
            lines: (first, behind),
            lanes: Vec::new(),
            lanes_left_out: 0,
            messages: kept.iter().map(|kept| self.messages[*kept].clone()).collect(),
            messages_left_out: in_window.saturating_sub(kept.len()),
            accounts: self.accounts.iter().filter(beside).cloned().collect(),
            beliefs,
            bands: self.bands.iter().filter(|b| b.from <= to && b.to >= from).cloned().collect(),
            tokens: self
                .tokens
                .iter()
                .filter(|shown| roots.contains(&(shown.lane, shown.at)))
                .cloned()
                .collect(),
        };
        narrowed.drop_idle_lanes(&roots, &self.lanes);
        narrowed
    }

    /// The messages that these steps come of and that they sent, within a time; and those that
    /// did not get through.
    fn causes(&self, roots: &BTreeSet<(usize, u64)>, (from, to): (u64, u64)) -> BTreeSet<usize> {
        let mut handed: BTreeMap<(usize, u64), Vec<usize>> = BTreeMap::new();
        let mut sent: BTreeMap<(usize, u64), Vec<usize>> = BTreeMap::new();
        for (position, arrow) in self.messages.iter().enumerate() {
            sent.entry((arrow.from, arrow.sent)).or_default().push(position);
            if let Some(arrived) = arrow.arrived {
                handed.entry((arrow.to, arrived)).or_default().push(position);
            }
        }
        let mut kept = BTreeSet::new();
        let mut open: Vec<usize> = Vec::new();
        for root in roots {
            open.extend(handed.get(root).into_iter().flatten());
            // What a told step sends is shown, unless it sends to half the world.
            let sends = sent.get(root).map_or(&[][..], Vec::as_slice);
            open.extend(sends.iter().take(6));
        }
        while let Some(next) = open.pop() {
            let arrow = &self.messages[next];
            let inside = arrow.sent <= to && arrow.arrived.unwrap_or(arrow.sent) >= from;
            if !inside || kept.len() >= MESSAGES || !kept.insert(next) {
                continue;
            }
            // A server that writes to its disk first answers a little later.
            let earlier = (arrow.from, arrow.sent.saturating_sub(SYNC))..=(arrow.from, arrow.sent);
            open.extend(handed.range(earlier).next_back().into_iter().flat_map(|(_, all)| all));
        }
        let is_lost = |arrow: &Arrow| {
            matches!(arrow.fate, ArrowFate::Lost | ArrowFate::Cut)
                && (from..=to).contains(&arrow.sent)
        };
        let lost = self.messages.iter().enumerate().filter(|(_, arrow)| is_lost(arrow));
        kept.extend(lost.map(|(position, _)| position).take(LOST));
        kept
    }

    /// Leaves out the nodes of which nothing is shown.
    fn drop_idle_lanes(&mut self, roots: &BTreeSet<(usize, u64)>, names: &[String]) {
        let mut busy: BTreeSet<usize> = roots.iter().map(|(lane, _)| *lane).collect();
        busy.extend(self.messages.iter().flat_map(|arrow| [arrow.from, arrow.to]));
        busy.extend(self.beliefs.iter().chain(&self.accounts).map(|bar| bar.lane));
        busy.extend(self.tokens.iter().map(|shown| shown.lane));
        let few = self.bands.iter().filter(|band| band.lanes.len() == 1);
        busy.extend(few.flat_map(|band| band.lanes.iter().copied()));
        let place: BTreeMap<usize, usize> =
            busy.iter().enumerate().map(|(place, lane)| (*lane, place)).collect();
        let put = |lane: &mut usize| *lane = place.get(lane).copied().unwrap_or(0);
        self.messages.iter_mut().for_each(|arrow| {
            put(&mut arrow.from);
            put(&mut arrow.to);
        });
        self.beliefs.iter_mut().chain(&mut self.accounts).for_each(|bar| put(&mut bar.lane));
        self.tokens.iter_mut().for_each(|shown| put(&mut shown.lane));
        for band in &mut self.bands {
            band.lanes.retain(|lane| place.contains_key(lane));
            band.lanes.iter_mut().for_each(put);
        }
        self.lanes = busy.iter().map(|lane| names[*lane].clone()).collect();
        self.lanes_left_out = names.len() - self.lanes.len();
    }
}

/// Which lines of a story to show.
fn window(story: &[Line]) -> (usize, usize) {
    let is_break = |line: &Line| line.mark == Mark::Break;
    let Some(first) = story.iter().position(is_break) else {
        return (0, story.len().min(LINES));
    };
    let last = story.iter().rposition(is_break).unwrap_or(first);
    let from = first.saturating_sub(BEFORE);
    let far = (last + AFTER).min(from + LINES).max(first + AFTER);
    (from, (far + 1).min(story.len()))
}

/// The steps of which these lines tell: where and when.
fn roots<'a>(lines: impl Iterator<Item = &'a Line>, lanes: &[String]) -> BTreeSet<(usize, u64)> {
    let root = |line: &Line| {
        let name = line.node?.to_string();
        let Time(at) = line.at;
        Some((lanes.iter().position(|lane| *lane == name)?, at))
    };
    lines.filter_map(root).collect()
}
