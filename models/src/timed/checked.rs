//! The timed model in the terms of stateright.

use super::model::TimedModel;
use super::state::{Move, State};
use crate::search::Space;
use locklab_protocols::contract::Protocol;
use locklab_protocols::spec::{Goal, Guarantee};
use stateright::{Model, Property};

/// stateright takes plain functions: there is one for each guarantee and each goal.
fn holds<P: Protocol, const INDEX: usize>(model: &TimedModel<P>, state: &State) -> bool {
    !model.broken(state).contains(&Guarantee::ALL[INDEX])
}

fn reached<P: Protocol, const INDEX: usize>(model: &TimedModel<P>, _: &State) -> bool {
    model.has_reached(Goal::ALL[INDEX])
}

type Condition<P> = fn(&TimedModel<P>, &State) -> bool;

fn conditions<P: Protocol>() -> [Condition<P>; Guarantee::ALL.len()] {
    [
        holds::<P, 0>,
        holds::<P, 1>,
        holds::<P, 2>,
        holds::<P, 3>,
        holds::<P, 4>,
        holds::<P, 5>,
        holds::<P, 6>,
        holds::<P, 7>,
        holds::<P, 8>,
        holds::<P, 9>,
    ]
}

fn goals<P: Protocol>() -> [Condition<P>; Goal::ALL.len()] {
    [
        reached::<P, 0>,
        reached::<P, 1>,
        reached::<P, 2>,
        reached::<P, 3>,
        reached::<P, 4>,
        reached::<P, 5>,
        reached::<P, 6>,
        reached::<P, 7>,
        reached::<P, 8>,
        reached::<P, 9>,
        reached::<P, 10>,
        reached::<P, 11>,
    ]
}

impl<P: Protocol> Model for TimedModel<P> {
    type State = State;
    type Action = Move;

    fn init_states(&self) -> Vec<State> {
        vec![self.begin()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Move>) {
        self.moves(state, actions);
    }

    fn next_state(&self, state: &State, action: Move) -> Option<State> {
        Some(self.moved(state, action)?.0)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let untimed = &self.configuration().untimed;
        let watched = Guarantee::ALL.into_iter().zip(conditions::<P>());
        let watched = watched
            .filter(|(guarantee, _)| untimed.watch.contains(guarantee))
            .map(|(guarantee, condition)| Property::always(guarantee.name(), condition));
        let wanted = Goal::ALL.into_iter().zip(goals::<P>());
        let wanted = wanted
            .filter(|(goal, _)| untimed.goals.contains(goal))
            .map(|(goal, condition)| Property::sometimes(goal.name(), condition));
        watched.chain(wanted).collect()
    }
}
