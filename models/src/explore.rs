//! A model as stateright's Explorer shows it: states in words, and what each step did.
//!
//! A [`State`] is a handful of numbers of parts, which say nothing to a person. Here a state brings
//! its model along, and shows the parts. Nodes keep their names from step to step, also where
//! the search takes those that are alike for one another.

use crate::action::Action;
use crate::checked::{Judged, properties};
use crate::model::LockModel;
use crate::state::State;
use crate::story::{short, words};
use locklab_protocols::contract::Protocol;
use locklab_protocols::spec::{Goal, Guarantee};
use stateright::{Model, Property};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The columns of a line, at most, where there is a choice.
const WIDTH: usize = 90;

/// What never changes in a run: it would only hide what does.
const FIXED: [&str; 2] = ["settings: ", "workload: "];

/// A model for people to walk through.
pub(crate) struct Explored<P: Protocol>(Arc<LockModel<P>>);

/// A state that can be read.
pub(crate) struct View<P: Protocol> {
    model: Arc<LockModel<P>>,
    state: State,
}

impl<P: Protocol> Explored<P> {
    pub(crate) fn new(model: LockModel<P>) -> Self {
        Self(Arc::new(model))
    }

    fn view(&self, state: State) -> View<P> {
        View { model: Arc::clone(&self.0), state }
    }
}

impl<P: Protocol> Clone for View<P> {
    fn clone(&self) -> Self {
        Self { model: Arc::clone(&self.model), state: self.state }
    }
}

impl<P: Protocol> PartialEq for View<P> {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state
    }
}

impl<P: Protocol> Hash for View<P> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.state.hash(hasher);
    }
}

impl<P: Protocol> fmt::Debug for View<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.model.describe(&self.state))
    }
}

impl<P: Protocol> Judged for Explored<P> {
    fn breaks(&self, view: &View<P>) -> &[Guarantee] {
        self.0.broken(&view.state)
    }

    fn reaches(&self, goal: Goal) -> bool {
        self.0.reaches(goal)
    }

    fn wants(&self) -> (&[Guarantee], &[Goal]) {
        self.0.wants()
    }
}

impl<P: Protocol> Model for Explored<P> {
    type State = View<P>;
    type Action = Action;

    fn init_states(&self) -> Vec<View<P>> {
        vec![self.view(self.0.plain_begin())]
    }

    fn actions(&self, view: &View<P>, actions: &mut Vec<Action>) {
        self.0.moves(&view.state, actions);
    }

    fn next_state(&self, view: &View<P>, action: Action) -> Option<View<P>> {
        Some(self.view(self.0.plainly_moved(&view.state, action)?.state))
    }

    fn format_action(&self, action: &Action) -> String {
        self.0.what(*action).to_string()
    }

    fn format_step(&self, view: &View<P>, action: Action) -> Option<String> {
        let next = self.0.plainly_moved(&view.state, action)?.state;
        Some(self.0.difference(&view.state, action, &next))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties(self)
    }
}

impl<P: Protocol> LockModel<P> {
    /// A state in words: each node, what is on its way, what observers say.
    fn describe(&self, state: &State) -> String {
        let nodes = (0..self.nodes().len()).map(|slot| self.node_in_words(state, slot));
        nodes.collect::<String>() + &self.network_in_words(state)
    }

    /// What a step did: what there was to see, what was sent, and the nodes that are not as before.
    fn difference(&self, before: &State, action: Action, after: &State) -> String {
        let step = self.tell_step(before, action);
        let mut text = format!("{}\n", step.what);
        for observation in &step.seen {
            text += &format!("  {}: {}\n", observation.node, words(&observation.event));
        }
        for (to, message) in &step.sent {
            text += &format!("  sends {message} to {to}\n");
        }
        text += "\n";
        let changed = |slot: &usize| before.nodes[*slot] != after.nodes[*slot];
        for slot in (0..self.nodes().len()).filter(changed) {
            text += &self.node_in_words(after, slot);
        }
        text + &self.network_in_words(after)
    }

    fn node_in_words(&self, state: &State, slot: usize) -> String {
        let local = self.desk().locals.get(state.nodes[slot]);
        let part = folded(&format!("{:#?}", local.part));
        let mut text = format!("{}: {part}\n", self.nodes()[slot]);
        for timer in &local.timers {
            text += &format!("  timer {}\n", words(timer));
        }
        text
    }

    fn network_in_words(&self, state: &State) -> String {
        let mut text = String::new();
        for message in state.in_flight() {
            let letter = self.desk().letter(*message);
            let body = words(&letter.body);
            text += &format!("on its way from {} to {}: {body}\n", letter.from, letter.to);
        }
        for guarantee in self.broken(state) {
            text += &format!("broken: {guarantee}\n");
        }
        text
    }
}

/// What `{:#?}` makes of a value, with each part that fits into a line on one line, and without
/// what never changes.
fn folded(pretty: &str) -> String {
    let mut lines = pretty.lines().peekable();
    let first = lines.next().unwrap_or_default();
    block(first, &mut lines).join("\n")
}

/// The lines of the value that begins with this line.
fn block<'a>(
    first: &'a str,
    rest: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
) -> Vec<String> {
    let bracket = first.chars().last().filter(|last| "([{".contains(*last));
    let Some(bracket) = bracket else {
        return vec![short(first)];
    };
    let depth = indent(first);
    let mut inner = Vec::new();
    let mut one_line = true;
    while let Some(line) = rest.next_if(|line| indent(line) > depth) {
        let lines = block(line, rest);
        if FIXED.iter().any(|name| line.trim_start().starts_with(name)) {
            continue;
        }
        one_line &= lines.len() == 1;
        inner.extend(lines);
    }
    let end = rest.next().map_or("", str::trim_start);
    if one_line {
        let gap = if bracket == '{' { " " } else { "" };
        let parts: Vec<&str> = inner.iter().map(|line| line.trim_start()).collect();
        let parts = parts.join(" ");
        let line = format!("{first}{gap}{}{gap}{end}", parts.trim_end_matches(','));
        let line = short(&line);
        if line.len() <= WIDTH {
            return vec![line];
        }
    }
    inner.insert(0, first.to_owned());
    inner.push(format!("{:depth$}{end}", ""));
    inner
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use locklab_protocols::storage::Fencing;

    #[test]
    fn a_value_takes_few_lines() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "they are shown")]
        struct Node {
            settings: [u32; 2],
            list: Vec<Option<u32>>,
            long: [&'static str; 2],
        }
        let words = "some words that are far too long to stand on one line";
        let node = Node { settings: [1, 2], list: vec![Some(1), None], long: [words; 2] };
        let told = folded(&format!("{node:#?}"));
        let expected = format!(
            "Node {{\n    list: [Some(1), None],\n    long: [\n        \"{words}\",\n        \
             \"{words}\",\n    ],\n}}"
        );
        assert_eq!(told, expected);
    }

    /// The first step of a client is told as such, and the views differ by it.
    #[test]
    fn a_step_shows_what_it_did() {
        let model = Explored::new(LockModel::new(catalogue::ttl(2, 1, Fencing::Writes)));
        let start = model.init_states().remove(0);
        let mut actions = Vec::new();
        model.actions(&start, &mut actions);
        let asks = actions
            .into_iter()
            .find(|action| model.format_action(action) == "c1: timer Begin")
            .expect("c1 can begin");
        let step = model.format_step(&start, asks).expect("it can happen");
        let next = model.next_state(&start, asks).expect("it can happen");
        assert!(step.contains("\n  c1: Work(Acquires { lock: L1 })\n"), "{step}");
        assert!(step.contains("\n  sends Request(Request { lock: L1"), "{step}");
        assert!(step.contains("\nc1: ") && !step.contains("\nc2: "), "{step}");
        assert!(format!("{next:?}").contains("\nc2: "));
        assert!(!format!("{start:?}").contains("on its way") && start != next);
    }
}
