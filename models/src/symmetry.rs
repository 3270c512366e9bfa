//! Nodes that are alike, and states that differ only by who is who.
//!
//! Two clients that do the same, or two participants, may change places: whatever the system can
//! do from one state it can do, with the places changed, from the other. So of all states that
//! differ by a renaming of nodes that are alike only one is gone on from, the smallest
//! (*canonical*) one. The states themselves are canonical, and a search need not know of it: this
//! works breadth first, depth first and in the Explorer alike. (stateright has a symmetry of its
//! own, which its depth-first checker alone heeds.)
//!
//! # Why nobody has to say what a renaming does to a message
//!
//! Parts of states are numbers here. A renaming is a table that says which number becomes which,
//! and it is found by doing everything twice: where a node takes a step, the node that takes its
//! place is given the step that takes that step's place, and what comes of the one becomes what
//! comes of the other. All that must hold is that this is never contradicted: that a part which is
//! come by in two ways becomes the same both times, that steps have as many outcomes, messages go
//! where they should, bounds are spent alike, and observers see the same goals and breaks. Then the
//! tables are an automorphism of all that is searched, whatever they mean, and to leave out all but
//! one of several states is sound. It is looked at with each new step. Where it does not hold (a
//! protocol in which the first of two servers is asked first), the nodes are not alike, and the
//! search is begun anew without.

use crate::shelf::Column;
use crate::state::{MOST_NODES, State};
use locklab_protocols::id::NodeId;
use std::sync::OnceLock;

/// Where each node goes, by position.
pub(crate) type Places = [u8; MOST_NODES];

/// What becomes of the parts of states when nodes that are alike change places.
#[derive(Debug)]
pub(crate) struct Symmetry {
    /// All ways to change places; the first changes none.
    renamings: Vec<Places>,
    /// Which renaming it is to do one after another: `after[second][first]`.
    after: Vec<Vec<usize>>,
    pub(crate) locals: Twins,
    pub(crate) letters: Twins,
    pub(crate) timers: Twins,
    pub(crate) strides: Twins,
    pub(crate) witnesses: Twins,
    contradiction: OnceLock<String>,
}

/// What number becomes which, for each renaming.
#[derive(Debug)]
pub(crate) struct Twins(Vec<Column>);

impl Twins {
    fn new(renamings: usize) -> Self {
        Self(std::iter::repeat_with(Column::default).take(renamings).collect())
    }

    /// What a renaming makes of a number, as far as that is known.
    pub(crate) fn get(&self, renaming: usize, number: u32) -> Option<u32> {
        if renaming == 0 { Some(number) } else { self.0[renaming].get(number) }
    }
}

fn permutations(nodes: &[usize]) -> Vec<Vec<usize>> {
    if nodes.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for place in 0..nodes.len() {
        let mut rest = nodes.to_vec();
        let first = rest.remove(place);
        for mut tail in permutations(&rest) {
            tail.insert(0, first);
            all.push(tail);
        }
    }
    all
}

impl Symmetry {
    /// Of these nodes, of which those in one group are alike; `None` if no two are.
    pub(crate) fn new(nodes: &[NodeId], alike: &[Vec<NodeId>]) -> Option<Self> {
        let identity: Places = std::array::from_fn(|place| place as u8);
        let mut renamings = vec![identity];
        for group in alike {
            let place = |node| nodes.iter().position(|other| other == node);
            let group: Vec<usize> = group.iter().filter_map(place).collect();
            let mut more = Vec::new();
            for before in &renamings {
                for order in permutations(&group) {
                    let mut places = *before;
                    for (from, to) in group.iter().zip(order) {
                        places[*from] = to as u8;
                    }
                    more.push(places);
                }
            }
            renamings = more;
        }
        if renamings.len() == 1 {
            return None;
        }
        let one_after_another = |second: &Places| {
            let number = |first: &Places| {
                let both = first.map(|place| second[usize::from(place)]);
                renamings.iter().position(|other| *other == both).expect("they form a group")
            };
            renamings.iter().map(number).collect()
        };
        let count = renamings.len();
        let after = renamings.iter().map(one_after_another).collect();
        Some(Self {
            after,
            locals: Twins::new(count),
            letters: Twins::new(count),
            timers: Twins::new(count),
            strides: Twins::new(count),
            witnesses: Twins::new(count),
            contradiction: OnceLock::new(),
            renamings,
        })
    }

    /// All ways to change places; the first changes none.
    pub(crate) fn renamings(&self) -> &[Places] {
        &self.renamings
    }

    /// The renaming that takes everybody back.
    pub(crate) fn back(&self, renaming: usize) -> usize {
        let back = |other: &usize| self.after[*other][renaming] == 0;
        (0..self.renamings.len()).find(back).expect("they form a group")
    }

    /// One renaming, and then another.
    pub(crate) fn both(&self, first: usize, second: usize) -> usize {
        self.after[second][first]
    }

    /// Why the nodes are not alike, once that is known.
    pub(crate) fn contradiction(&self) -> Option<&str> {
        self.contradiction.get().map(String::as_str)
    }

    /// They are not alike.
    pub(crate) fn contradict(&self, why: impl FnOnce() -> String) {
        self.contradiction.get_or_init(why);
    }

    /// States what each renaming makes of the first of these numbers, and with it what each makes
    /// of the others. Says whether that was known.
    pub(crate) fn state(&self, twins: &Twins, what: &'static str, orbit: &[u32]) -> bool {
        let known = |(renaming, number): (usize, &u32)| {
            twins.get(renaming, orbit[0]).is_some_and(|known| known == *number)
        };
        if orbit.iter().enumerate().all(known) {
            return true;
        }
        for (first, number) in orbit.iter().enumerate() {
            for second in 1..orbit.len() {
                let becomes = orbit[self.both(first, second)];
                if !twins.0[second].set(*number, becomes) {
                    self.contradict(|| format!("{what} {number} has two counterparts"));
                }
            }
        }
        false
    }

    /// What becomes of the nodes and the observers of a state.
    fn nodes(&self, state: &State, renaming: usize) -> Option<([u32; MOST_NODES], u32)> {
        let mut nodes = state.nodes;
        for (place, to) in self.renamings[renaming].iter().enumerate() {
            // Places that no node has stay as they are.
            if usize::from(*to) != place || state.nodes[place] != 0 {
                nodes[usize::from(*to)] = self.locals.get(renaming, state.nodes[place])?;
            }
        }
        Some((nodes, self.witnesses.get(renaming, state.witness)?))
    }

    /// What a renaming makes of a state. `arrange` brings messages into the order of a state.
    pub(crate) fn renamed(
        &self,
        state: &State,
        renaming: usize,
        arrange: impl Fn(&mut [u16]),
    ) -> Option<State> {
        let (nodes, witness) = self.nodes(state, renaming)?;
        let mut renamed = State { nodes, witness, ..*state };
        let length = state.in_flight().len();
        for message in &mut renamed.flights[..length] {
            let letter = self.letters.get(renaming, u32::from(*message) - 1)?;
            *message = letter as u16 + 1;
        }
        arrange(&mut renamed.flights[..length]);
        Some(renamed)
    }

    /// The smallest of all states that a renaming makes of this one, and that renaming.
    pub(crate) fn canonical(&self, state: State, arrange: impl Fn(&mut [u16])) -> (State, usize) {
        let mut smallest = (state, 0);
        if self.contradiction().is_some() {
            return smallest;
        }
        for renaming in 1..self.renamings.len() {
            let Some((nodes, witness)) = self.nodes(&state, renaming) else {
                self.contradict(|| "a part has no counterpart".to_owned());
                return (state, 0);
            };
            if (nodes, witness) > (smallest.0.nodes, smallest.0.witness) {
                continue;
            }
            match self.renamed(&state, renaming, &arrange) {
                Some(other) if other < smallest.0 => smallest = (other, renaming),
                Some(_) => {}
                None => self.contradict(|| "a message has no counterpart".to_owned()),
            }
        }
        smallest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locklab_protocols::id::{ClientId, ServerId};

    fn two_and_two() -> Symmetry {
        let servers = [1, 2].map(|id| NodeId::Server(ServerId(id)));
        let clients = [1, 2].map(|id| NodeId::Client(ClientId(id)));
        let nodes = [servers, clients].concat();
        Symmetry::new(&nodes, &[servers.to_vec(), clients.to_vec()]).expect("some are alike")
    }

    #[test]
    fn renamings_form_a_group() {
        let symmetry = two_and_two();
        assert_eq!(symmetry.renamings().len(), 4);
        for renaming in 0..4 {
            assert_eq!(symmetry.both(renaming, symmetry.back(renaming)), 0);
            assert_eq!(symmetry.both(0, renaming), renaming);
        }
        assert!(Symmetry::new(&[NodeId::Storage], &[vec![NodeId::Storage]]).is_none());
    }

    #[test]
    fn counterparts_of_counterparts_are_known_too() {
        let symmetry = two_and_two();
        assert!(!symmetry.state(&symmetry.locals, "node", &[10, 11, 12, 13]));
        assert!(symmetry.state(&symmetry.locals, "node", &[10, 11, 12, 13]));
        assert_eq!(symmetry.locals.get(1, 11), Some(10));
        assert_eq!(symmetry.locals.get(2, 11), Some(13));
        assert_eq!(symmetry.locals.get(2, 14), None);
        assert_eq!(symmetry.contradiction(), None);
    }

    #[test]
    fn two_counterparts_are_a_contradiction() {
        let symmetry = two_and_two();
        symmetry.state(&symmetry.letters, "message", &[1, 2, 3, 4]);
        symmetry.state(&symmetry.letters, "message", &[1, 2, 5, 6]);
        assert!(symmetry.contradiction().is_some_and(|why| why.contains("two counterparts")));
    }
}
