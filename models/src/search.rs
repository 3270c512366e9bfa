//! The shortest way to a break: breadth first, with a parent for each state.
//!
//! stateright's checkers say *that* something breaks, and exhaust. Their own breadth-first search
//! keeps the last break that it meets, not the first (its discoveries are overwritten), and clones
//! the whole path of a state for each of its successors. This one stops at the first break, which
//! is a shortest one, and keeps a fingerprint, a parent and an action for each state.

use crate::action::Action;
use crate::bounds::Bound;
use crate::check::Progress;
use crate::model::LockModel;
use crate::state::State;
use crate::witness::GoalSet;
use hashbrown::HashTable;
use locklab_protocols::contract::Protocol;
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::stable_hash::StableHasher;
use std::collections::VecDeque;
use std::hash::Hash;

/// How many new states there are between two reports.
const TELL_EVERY: usize = 50_000;

/// A space of states that can be searched.
pub(crate) trait Space {
    /// What is told apart by its hash.
    type State: Copy + Hash;
    /// What leads from one state to another.
    type Action: Copy;

    /// The first state.
    fn begin(&self) -> Self::State;

    /// Everything that can happen in a state.
    fn moves(&self, state: &Self::State, out: &mut Vec<Self::Action>);

    /// What an action leads to, and what was reached by it; `None` if it cannot happen.
    fn moved(&self, state: &Self::State, action: Self::Action) -> Option<(Self::State, GoalSet)>;

    /// What is broken in a state.
    fn broken(&self, state: &Self::State) -> Option<Guarantee>;

    /// How many landmarks there are.
    fn landmarks(&self) -> usize;

    /// Forgets what earlier searches counted and reached.
    fn reset(&self);

    /// How often each bound cut the search.
    fn cuts(&self) -> Vec<(Bound, u64)>;
}

/// How a state was reached first.
#[derive(Clone, Copy, Debug)]
struct Step<A> {
    fingerprint: u64,
    parent: u32,
    action: Option<A>,
}

/// What a breadth-first search found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found<A = Action> {
    /// How many different states it has seen.
    pub unique: usize,
    /// How many states it has made.
    pub generated: usize,
    /// How many moves the longest of the shortest ways has.
    pub depth: usize,
    /// What broke first, and a shortest way there.
    pub broken: Option<(Guarantee, Vec<A>)>,
    /// A shortest way to each goal that was reached.
    pub goals: Vec<(Goal, Vec<A>)>,
    /// A shortest way to each landmark that was found, by their places in the configuration.
    pub landmarks: Vec<(usize, Vec<A>)>,
    /// How often each bound cut it.
    pub cuts: Vec<(Bound, u64)>,
    /// Whether it has seen all states; else it stopped at a break, or at so many states as it was
    /// allowed.
    pub exhausted: bool,
}

/// A breadth-first search.
struct Search<'a, S: Space> {
    space: &'a S,
    steps: Vec<Step<S::Action>>,
    known: HashTable<u32>,
    queue: VecDeque<(u32, S::State, u32)>,
    reached: GoalSet,
    found: Found<S::Action>,
}

/// Searches breadth first until something that is watched breaks, or all states are seen, or
/// `most` of them.
pub fn shortest<P: Protocol>(model: &LockModel<P>, most: usize) -> Found {
    shortest_while(model, most, |_| true)
}

/// The same; `watch` hears from time to time how far the search has come, and says whether it shall
/// go on.
pub fn shortest_while<P: Protocol>(
    model: &LockModel<P>,
    most: usize,
    watch: impl FnMut(Progress) -> bool,
) -> Found {
    search(model, most, watch)
}

impl<P: Protocol> Space for LockModel<P> {
    type State = State;
    type Action = Action;

    fn begin(&self) -> State {
        LockModel::begin(self)
    }

    fn moves(&self, state: &State, out: &mut Vec<Action>) {
        LockModel::moves(self, state, out);
    }

    fn moved(&self, state: &State, action: Action) -> Option<(State, GoalSet)> {
        LockModel::moved(self, state, action).map(|moved| (moved.state, moved.goals))
    }

    fn broken(&self, state: &State) -> Option<Guarantee> {
        LockModel::broken(self, state).first().copied()
    }

    fn landmarks(&self) -> usize {
        self.configuration().landmarks.len()
    }

    fn reset(&self) {
        LockModel::reset(self);
    }

    fn cuts(&self) -> Vec<(Bound, u64)> {
        LockModel::cuts(self).reached()
    }
}

/// Searches a space breadth first, as [`shortest_while`] does.
pub(crate) fn search<S: Space>(
    space: &S,
    most: usize,
    mut watch: impl FnMut(Progress) -> bool,
) -> Found<S::Action> {
    space.reset();
    let mut search = Search {
        space,
        steps: Vec::new(),
        known: HashTable::new(),
        queue: VecDeque::new(),
        reached: GoalSet::default(),
        found: Found {
            unique: 0,
            generated: 0,
            depth: 0,
            broken: None,
            goals: Vec::new(),
            landmarks: Vec::new(),
            cuts: Vec::new(),
            exhausted: false,
        },
    };
    let first = space.begin();
    search.add(first, 0, None, 0);
    search.found.exhausted = search.run(most, &mut watch);
    search.found.unique = search.steps.len();
    search.found.cuts = space.cuts();
    search.found
}

impl<S: Space> Search<'_, S> {
    /// Whether it came to the end.
    fn run(&mut self, most: usize, watch: &mut impl FnMut(Progress) -> bool) -> bool {
        let mut told = 0;
        let mut actions = Vec::new();
        while let Some((position, state, depth)) = self.queue.pop_front() {
            self.space.moves(&state, &mut actions);
            for action in actions.drain(..) {
                let Some((next, goals)) = self.space.moved(&state, action) else { continue };
                self.found.generated += 1;
                let fresh = self.add(next, position, Some(action), depth + 1);
                self.goals(goals, position, action);
                if !fresh {
                    continue;
                }
                if let Some(guarantee) = self.space.broken(&next) {
                    self.found.broken = Some((guarantee, self.way(position, action)));
                    return false;
                }
            }
            if self.steps.len() >= most {
                return self.queue.is_empty();
            }
            if self.steps.len() >= told + TELL_EVERY {
                told = self.steps.len();
                let (generated, depth) = (self.found.generated, self.found.depth);
                let queue = Some(self.queue.len());
                if !watch(Progress { generated, unique: told, depth, queue }) {
                    return false;
                }
            }
        }
        true
    }

    /// Adds a state, unless it is known.
    fn add(&mut self, state: S::State, parent: u32, action: Option<S::Action>, depth: u32) -> bool {
        let fingerprint = StableHasher::hash_of(&state);
        let steps = &self.steps;
        let known =
            self.known.find(fingerprint, |place| steps[*place as usize].fingerprint == fingerprint);
        if known.is_some() {
            return false;
        }
        let place = u32::try_from(self.steps.len()).expect("fewer than 2^32 states");
        self.steps.push(Step { fingerprint, parent, action });
        let steps = &self.steps;
        self.known.insert_unique(fingerprint, place, |place| steps[*place as usize].fingerprint);
        self.queue.push_back((place, state, depth));
        self.found.depth = depth as usize;
        true
    }

    fn goals(&mut self, goals: GoalSet, position: u32, action: S::Action) {
        let news = GoalSet(goals.0 & !self.reached.0);
        if news.0 == 0 {
            return;
        }
        self.reached.0 |= news.0;
        let way = self.way(position, action);
        for goal in Goal::ALL.into_iter().filter(|goal| news.contains(*goal)) {
            self.found.goals.push((goal, way.clone()));
        }
        let landmarks = 0..self.space.landmarks();
        for place in landmarks.filter(|place| news.has_landmark(*place)) {
            self.found.landmarks.push((place, way.clone()));
        }
    }

    /// The actions from the beginning to this state, and one more.
    fn way(&self, mut position: u32, last: S::Action) -> Vec<S::Action> {
        let mut way = vec![last];
        while let Step { parent, action: Some(action), .. } = self.steps[position as usize] {
            way.push(action);
            position = parent;
        }
        way.reverse();
        way
    }
}
