//! The model in the terms of stateright.

use crate::action::Action;
use crate::model::LockModel;
use crate::state::State;
use locklab_protocols::contract::Protocol;
use locklab_protocols::spec::{Goal, Guarantee};
use stateright::{Model, Property};

/// A model whose states [`LockModel`] judges.
pub(crate) trait Judged: Model {
    /// The watched guarantees that are broken in a state.
    fn breaks(&self, state: &Self::State) -> &[Guarantee];

    /// Whether the search came by a goal so far.
    fn reaches(&self, goal: Goal) -> bool;

    /// What is watched, and what must be reached.
    fn wants(&self) -> (&[Guarantee], &[Goal]);
}

/// stateright takes plain functions: there is one for each guarantee and each goal.
fn holds<M: Judged, const INDEX: usize>(model: &M, state: &M::State) -> bool {
    !model.breaks(state).contains(&Guarantee::ALL[INDEX])
}

fn reached<M: Judged, const INDEX: usize>(model: &M, _: &M::State) -> bool {
    model.reaches(Goal::ALL[INDEX])
}

type Condition<M> = fn(&M, &<M as Model>::State) -> bool;

fn conditions<M: Judged>() -> [Condition<M>; Guarantee::ALL.len()] {
    [
        holds::<M, 0>,
        holds::<M, 1>,
        holds::<M, 2>,
        holds::<M, 3>,
        holds::<M, 4>,
        holds::<M, 5>,
        holds::<M, 6>,
        holds::<M, 7>,
        holds::<M, 8>,
        holds::<M, 9>,
    ]
}

fn goals<M: Judged>() -> [Condition<M>; Goal::ALL.len()] {
    [
        reached::<M, 0>,
        reached::<M, 1>,
        reached::<M, 2>,
        reached::<M, 3>,
        reached::<M, 4>,
        reached::<M, 5>,
        reached::<M, 6>,
        reached::<M, 7>,
        reached::<M, 8>,
        reached::<M, 9>,
        reached::<M, 10>,
        reached::<M, 11>,
    ]
}

/// What stateright checks of such a model.
pub(crate) fn properties<M: Judged>(model: &M) -> Vec<Property<M>> {
    let (watched, wanted) = model.wants();
    let watches = Guarantee::ALL.into_iter().zip(conditions::<M>());
    let watches = watches
        .filter(|(guarantee, _)| watched.contains(guarantee))
        .map(|(guarantee, condition)| Property::always(guarantee.name(), condition));
    let wants = Goal::ALL.into_iter().zip(goals::<M>());
    let wants = wants
        .filter(|(goal, _)| wanted.contains(goal))
        .map(|(goal, condition)| Property::sometimes(goal.name(), condition));
    watches.chain(wants).collect()
}

impl<P: Protocol> Judged for LockModel<P> {
    fn breaks(&self, state: &State) -> &[Guarantee] {
        self.broken(state)
    }

    fn reaches(&self, goal: Goal) -> bool {
        self.has_reached(goal)
    }

    fn wants(&self) -> (&[Guarantee], &[Goal]) {
        (&self.configuration().watch, &self.configuration().goals)
    }
}

impl<P: Protocol> Model for LockModel<P> {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.begin()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.moves(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(self.moved(state, action)?.state)
    }

    fn format_action(&self, action: &Action) -> String {
        self.what(*action).to_string()
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties(self)
    }
}
