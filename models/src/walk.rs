//! Random walks: far beyond what can be exhausted, and without a promise to have seen everything.
//!
//! A walk takes one of the moves of each state, all alike, until nothing can happen, something
//! breaks, or it is long enough. Walks are numbered; each draws from its own number and the seed by a
//! hash that is ours, so the first so many walks are the same for ever, and a walk that found
//! something can be taken again by itself. (stateright has such a checker; its walks have no
//! numbers, its generator may change with a release, and it looks at its clock once a second.)

use crate::bounds::{Bound, Bounds};
use crate::check::without_times;
use crate::configuration::Configuration;
use crate::model::LockModel;
use crate::story::{Step, tell};
use locklab_protocols::contract::Protocol;
use locklab_protocols::spec::{Goal, Guarantee, Verdict};
use locklab_protocols::stable_hash::StableHasher;
use std::collections::BTreeSet;

/// After so many walks the parts that they met are forgotten, so that memory does not grow.
const FORGET_EVERY: u64 = 1 << 12;

/// How far walks go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Walks {
    /// What all chance is drawn from.
    pub seed: u64,
    /// How many there are at most.
    pub most: u64,
    /// How many moves one has at most.
    pub longest: usize,
}

/// What a walk found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stumble {
    /// The how many-th walk it was, counted from 1.
    pub walk: u64,
    /// What broke.
    pub guarantee: Guarantee,
    /// How, in the words of its monitor.
    pub reason: String,
    /// The walk.
    pub story: Vec<Step>,
}

/// What walks came by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Walked {
    /// How many there were.
    pub walks: u64,
    /// How many moves they had together.
    pub moves: u64,
    /// How many moves the longest had.
    pub longest: usize,
    /// How often a bound forbade a move that could have been next.
    pub cuts: u64,
    /// The goals that none of them reached.
    pub missed: Vec<Goal>,
    /// What broke first.
    pub broken: Option<Stumble>,
}

/// The same configuration with wider bounds, without what is known to break: what is left must hold
/// however far a walk goes.
#[must_use]
pub fn beyond<P: Protocol>(configuration: &Configuration<P>) -> Configuration<P> {
    let Configuration { bounds, breaks, .. } = configuration;
    let wider = |bound: u8, by: u8| if bound == u8::MAX { bound } else { bound.saturating_add(by) };
    let mut beyond = configuration.clone();
    beyond.bounds = Bounds {
        acquires: wider(bounds.acquires, 6),
        retries: wider(bounds.retries, 20),
        failures: wider(bounds.failures, 6),
        server_timers: wider(bounds.server_timers, 20),
        duplicates: wider(bounds.duplicates, 4),
        drops: wider(bounds.drops, 4),
        crashes: if bounds.crashes > 0 { wider(bounds.crashes, 3) } else { 0 },
        power_failures: if bounds.power_failures > 0 { wider(bounds.power_failures, 3) } else { 0 },
        ..*bounds
    };
    beyond.setting.workload = std::sync::Arc::new(locklab_protocols::application::Workload {
        sections: Some(beyond.bounds.acquires.into()),
        ..(*beyond.setting.workload).clone()
    });
    beyond.watch.retain(|guarantee| !breaks.contains(guarantee));
    beyond.breaks.clear();
    beyond
}

/// Walks until something breaks, the walks are done, or `go_on` says no; it is asked before each
/// walk.
pub fn walk<P: Protocol>(
    configuration: &Configuration<P>,
    walks: Walks,
    mut go_on: impl FnMut(&Walked) -> bool,
) -> Walked {
    let mut walked = Walked::default();
    let mut missed: BTreeSet<Goal> = configuration.goals.iter().copied().collect();
    let mut model = LockModel::new(configuration.clone());
    while walked.walks < walks.most && go_on(&walked) {
        let (way, broken) = one(&model, walks, walked.walks);
        walked.walks += 1;
        walked.moves += way.len() as u64;
        walked.longest = walked.longest.max(way.len());
        let is_last = broken.is_some() || walked.walks == walks.most;
        if is_last || walked.walks.is_multiple_of(FORGET_EVERY) {
            missed.retain(|goal| !model.has_reached(*goal));
            walked.cuts += Bound::ALL.iter().map(|bound| model.cuts().of(*bound)).sum::<u64>();
        }
        if let Some(guarantee) = broken {
            let reason = match model.verdict(&way, guarantee) {
                Verdict::Broken { reason, .. } => without_times(&reason),
                other => format!("{other:?}"),
            };
            let story = tell(&model, &way);
            walked.broken = Some(Stumble { walk: walked.walks, guarantee, reason, story });
            break;
        }
        if walked.walks.is_multiple_of(FORGET_EVERY) && !is_last {
            model = LockModel::new(configuration.clone());
        }
    }
    missed.retain(|goal| !model.has_reached(*goal));
    walked.missed = missed.into_iter().collect();
    walked
}

/// The walk of this number, and what broke at its end.
fn one<P: Protocol>(
    model: &LockModel<P>,
    walks: Walks,
    number: u64,
) -> (Vec<crate::Action>, Option<Guarantee>) {
    let mut state = model.begin();
    let (mut way, mut moves) = (Vec::new(), Vec::new());
    while way.len() < walks.longest {
        moves.clear();
        model.moves(&state, &mut moves);
        let Some(choices) = std::num::NonZeroU64::new(moves.len() as u64) else { break };
        let drawn = StableHasher::hash_of(&(walks.seed, number, way.len() as u64));
        let action = moves[(drawn % choices) as usize];
        let Some(moved) = model.moved(&state, action) else { break };
        way.push(action);
        state = moved.state;
        if let Some(guarantee) = model.broken(&state).first() {
            return (way, Some(*guarantee));
        }
    }
    (way, None)
}
