//! Nodes that are alike: a search that takes only one of all states that differ by who is who sees
//! all the others by it, and finds the same.

use locklab_models::catalogue::{RaftSize, TwoPhaseSize};
use locklab_models::{Action, Configuration, LockModel, State, catalogue, shortest, tell};
use locklab_protocols::contract::Protocol;
use locklab_protocols::id::{NodeId, ServerId};
use locklab_protocols::spec::Guarantee;
use locklab_protocols::storage::Fencing;
use stateright::Model;
use std::collections::BTreeSet;

/// Every state that can be reached.
fn reached<P: Protocol>(model: &LockModel<P>) -> BTreeSet<State> {
    let mut open = model.init_states();
    let mut known: BTreeSet<State> = open.iter().copied().collect();
    let mut actions: Vec<Action> = Vec::new();
    while let Some(state) = open.pop() {
        model.actions(&state, &mut actions);
        for action in actions.drain(..) {
            let next = model.next_state(&state, action).expect("it can happen");
            if known.insert(next) {
                open.push(next);
            }
        }
    }
    known
}

/// The canonical states stand for exactly as many states as there are without; and a shortest break
/// is as long. Says how many canonical states there are, and for how many they stand.
fn stands_for_all<P: Protocol>(configuration: &Configuration<P>) -> (usize, usize) {
    let model = LockModel::new(configuration.clone());
    let canonical = reached(&model);
    assert_eq!(model.contradiction(), None);
    let stands_for = canonical.iter().map(|state| model.stands_for(state)).sum();
    let plain = Configuration { alike: Vec::new(), ..configuration.clone() };
    let plain = LockModel::new(plain);
    assert_eq!(reached(&plain).len(), stands_for);
    let (reduced, whole) = (shortest(&model, usize::MAX), shortest(&plain, usize::MAX));
    let length = |found: &locklab_models::Found| found.broken.as_ref().map(|(_, way)| way.len());
    assert_eq!(length(&reduced), length(&whole));
    (canonical.len(), stands_for)
}

#[test]
fn clients_that_do_the_same_are_alike() {
    let safe = vec![Guarantee::GrantExclusion, Guarantee::TokenOrder];
    let ttl = catalogue::reduced(catalogue::ttl(2, 1, Fencing::None), 2);
    assert_eq!(stands_for_all(&Configuration { watch: safe, ..ttl.clone() }), (1570, 3138));
    // A break ends a run, so there are fewer states.
    stands_for_all(&ttl);
}

#[test]
fn participants_and_servers_of_a_quorum_are_alike() {
    let size = TwoPhaseSize { clients: 1, ..TwoPhaseSize::default() };
    stands_for_all(&catalogue::reduced(catalogue::two_phase(size), 2));
    let elections = RaftSize { clients: 0, terms: 1, entries: 1, rounds: 1, ..RaftSize::default() };
    stands_for_all(&catalogue::raft(elections));
}

/// On the way to a break through canonical states nodes change places; told, each keeps its name.
#[test]
fn a_story_is_told_under_own_names() {
    let model = LockModel::new(catalogue::reduced(catalogue::ttl(2, 1, Fencing::None), 2));
    let (guarantee, way) = shortest(&model, usize::MAX).broken.expect("it breaks");
    let words = |step: &locklab_models::Step| step.what.to_string();
    let story: Vec<String> = tell(&model, &way).iter().map(words).collect();
    let plain = Configuration { alike: Vec::new(), ..catalogue::ttl(2, 1, Fencing::None) };
    let plain = LockModel::new(plain);
    let (_, other) = shortest(&plain, usize::MAX).broken.expect("it breaks");
    assert_eq!(model.verdict(&way, guarantee), plain.verdict(&other, guarantee));
    assert_eq!(story, tell(&plain, &other).iter().map(words).collect::<Vec<_>>());
}

/// The coordinator is no participant: who says so is contradicted, not believed.
#[test]
fn nodes_that_are_not_alike_are_not_taken_for_each_other() {
    let size = TwoPhaseSize { clients: 1, ..TwoPhaseSize::default() };
    let mut configuration = catalogue::two_phase(size);
    let servers = [1, 2].map(|id| NodeId::Server(ServerId(id)));
    configuration.alike = vec![servers.to_vec()];
    let model = LockModel::new(configuration.clone());
    shortest(&model, usize::MAX);
    assert!(model.contradiction().is_some());
    let limits = locklab_models::Limits { threads: 1, breadth: 1_000_000, states: 1_000_000 };
    let report = locklab_models::check(&configuration, limits, |_| true);
    configuration.alike.clear();
    assert_eq!(report, locklab_models::check(&configuration, limits, |_| true));
}
