//! Where a search begins: all nodes started, and what the configuration says has happened.

use crate::action::{Action, Cause};
use crate::configuration::Cue;
use crate::model::LockModel;
use crate::state::{MOST_NODES, State, Used};
use crate::symmetry::Places;
use crate::witness::Witness;
use locklab_protocols::contract::Protocol;
use locklab_protocols::id::NodeId;

impl<P: Protocol> LockModel<P> {
    /// All nodes started, servers first, as in the simulator. A node cannot die before it has
    /// begun.
    pub(crate) fn started(&self) -> State {
        let configuration = self.configuration();
        let workshop = configuration.workshop();
        let witness = Witness::new(&configuration.setting.protocol, &configuration.watch);
        let mut state = State {
            nodes: [0; MOST_NODES],
            witness: self.desk().witnesses.number(witness),
            flights: Default::default(),
            used: Used::default(),
        };
        for (slot, node) in self.nodes().iter().enumerate() {
            state.nodes[slot] = self.desk().locals.number(workshop.unborn(*node));
        }
        for slot in 0..self.nodes().len() {
            let action = self.whole(&state, slot, Cause::Start);
            state = self.plainly_moved(&state, action).expect("room for the first messages").state;
        }
        state
    }

    /// What has happened before the search begins, to be told.
    pub(crate) fn prelude(&self) -> Vec<Action> {
        self.played(None).1
    }

    /// The state after the prelude, and how it came to that; with nodes that have changed places.
    ///
    /// # Panics
    ///
    /// If one of the cues cannot happen where it stands.
    pub(crate) fn played(&self, places: Option<&Places>) -> (State, Vec<Action>) {
        let mut state = self.started();
        let mut actions = Vec::new();
        let prelude = self.configuration().prelude.as_ref();
        for cue in prelude.iter().flat_map(|prelude| &prelude.cues) {
            let mut moves = 0;
            while let Some((slot, cause)) = self.move_of_cue(&state, cue, places, moves) {
                let action = self.whole(&state, slot, cause);
                state = self.plainly_moved(&state, action).expect("room for the messages").state;
                actions.push(action);
                moves += 1;
            }
        }
        (State { used: Used::default(), ..state }, actions)
    }

    /// The next move of a cue, after so many; `None` if it is over.
    fn move_of_cue(
        &self,
        state: &State,
        cue: &Cue<P>,
        places: Option<&Places>,
        moves: usize,
    ) -> Option<(usize, Cause)> {
        let slot = |node: NodeId| {
            let slot = self.desk().slot(node);
            places.map_or(slot, |places| usize::from(places[slot]))
        };
        let first = |from: Option<usize>, to: Option<usize>| {
            let wanted = |message: &u16| {
                from.is_none_or(|from| self.desk().sender(*message) == from)
                    && to.is_none_or(|to| self.desk().receiver(*message) == to)
            };
            state.in_flight().iter().copied().find(wanted)
        };
        let delivery = |message: Option<u16>| {
            let message = message.unwrap_or_else(|| panic!("{cue:?} of a prelude has no message"));
            Some((self.desk().receiver(message), Cause::Message(message)))
        };
        match (cue, moves) {
            (Cue::Fire(node, timer), 0) => {
                let timer = self.desk().number_of_timer(timer.clone());
                Some((slot(*node), Cause::Timer(timer)))
            }
            (Cue::Deliver { from, to }, 0) => delivery(first(Some(slot(*from)), Some(slot(*to)))),
            (Cue::Finds { node, whom }, _) => {
                let (node, whom) = (slot(*node), slot(*whom));
                match first(Some(node), Some(whom)) {
                    Some(_) => None,
                    None => delivery(first(Some(node), None).or_else(|| first(None, Some(node)))),
                }
            }
            (Cue::Restart(node), 0) => Some((slot(*node), Cause::Crash { power: false })),
            (Cue::Restart(node), 1) => Some((slot(*node), Cause::Start)),
            _ => None,
        }
    }

    /// The step that this cause leads to, all of it.
    fn whole(&self, state: &State, slot: usize, cause: Cause) -> Action {
        let ways = self.desk().bare(self.configuration(), slot, state.nodes[slot], cause);
        let stride = ways.first().copied();
        let stride = stride.unwrap_or_else(|| panic!("{cause:?} of a prelude cannot happen"));
        Action::Step { node: slot as u8, cause, stride, keep: false }
    }
}
