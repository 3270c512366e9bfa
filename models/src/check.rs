//! A whole check: for each watched guarantee, whether it holds in every run within the bounds.
//!
//! A search breadth first comes first, for a while: the first break that it meets is told, and it
//! is a shortest one. That guarantee is then no longer watched (a run ends where a watched one
//! breaks), and the search begins again for the rest. What the search cannot exhaust, stateright's
//! depth-first checker does, in much less memory and on several threads.

use crate::action::Action;
use crate::bounds::Bound;
use crate::configuration::Configuration;
use crate::model::LockModel;
use crate::route::{Stop, route};
use crate::search::shortest_while;
use crate::story::{Step, tell};
use locklab_protocols::contract::Protocol;
use locklab_protocols::spec::{Goal, Guarantee, Verdict};
use stateright::{Checker, HasDiscoveries, Model};
use std::cell::Cell;
use std::time::Duration;

/// How far a check may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How many threads the depth-first checker uses.
    pub threads: usize,
    /// After so many different states a search breadth first gives way to one depth first.
    pub breadth: usize,
    /// How many states a search depth first makes at most.
    pub states: usize,
}

/// How far a check has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// How many states were made.
    pub generated: usize,
    /// How many of them are different.
    pub unique: usize,
    /// How many moves the longest run so far has.
    pub depth: usize,
    /// How many of them wait to be gone on from; a search depth first does not say.
    pub queue: Option<usize>,
}

/// A landmark, and whether the search came by it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passed {
    /// Its name.
    pub name: &'static str,
    /// Whether the search came by it.
    pub found: bool,
    /// A shortest way there; none if only a search depth first came by it.
    pub story: Option<Vec<Step>>,
}

/// What a check says of one guarantee.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// It holds in every run within the bounds.
    Exhausted,
    /// It breaks.
    Broken {
        /// How, in the words of its monitor.
        reason: String,
        /// A shortest run that breaks it.
        story: Vec<Step>,
        /// The same for another host.
        route: Vec<Stop>,
    },
    /// The search stopped before it had seen everything.
    Stopped,
}

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// What is said of each watched guarantee, in their order.
    pub findings: Vec<(Guarantee, Finding)>,
    /// How many different states the last search has seen.
    pub unique: usize,
    /// How many it has made.
    pub generated: usize,
    /// How many moves its longest run has.
    pub depth: usize,
    /// How often the bounds cut it.
    pub cuts: Vec<(Bound, u64)>,
    /// The goals that it did not reach: if there is one, what holds holds for want of trying.
    pub missed: Vec<Goal>,
    /// The landmarks. One that was not found says the same.
    pub landmarks: Vec<Passed>,
}

/// Checks a configuration; `watch` hears from time to time how far it has come, and says whether it
/// shall go on.
pub fn check<P: Protocol>(
    configuration: &Configuration<P>,
    limits: Limits,
    mut watch: impl FnMut(Progress) -> bool,
) -> Report {
    let mut left = configuration.clone();
    let mut broken: Vec<(Guarantee, Finding)> = Vec::new();
    loop {
        let goes_on = Cell::new(true);
        let mut watch = |progress| {
            goes_on.set(watch(progress));
            goes_on.get()
        };
        let mut pass = breadth_first(&left, limits, &mut watch);
        if pass.broken.is_none() && pass.stopped && goes_on.get() {
            pass = depth_first(&left, limits, &mut watch);
        }
        if pass.contradicted {
            left.alike.clear();
            continue;
        }
        let over = pass.broken.is_none();
        if let Some(found) = pass.broken.take() {
            left.watch.retain(|other| *other != found.0);
            broken.push(found);
        }
        if over || left.watch.is_empty() {
            let rest = if pass.stopped { Finding::Stopped } else { Finding::Exhausted };
            let finding = |guarantee: &Guarantee| {
                let known = broken.iter().find(|(other, _)| other == guarantee);
                (*guarantee, known.map_or_else(|| rest.clone(), |(_, finding)| finding.clone()))
            };
            let findings = configuration.watch.iter().map(finding).collect();
            let Pass { unique, generated, depth, cuts, missed, landmarks, .. } = pass;
            return Report { findings, unique, generated, depth, cuts, missed, landmarks };
        }
    }
}

/// One search.
struct Pass {
    broken: Option<(Guarantee, Finding)>,
    unique: usize,
    generated: usize,
    depth: usize,
    cuts: Vec<(Bound, u64)>,
    missed: Vec<Goal>,
    landmarks: Vec<Passed>,
    stopped: bool,
    /// Whether nodes were not alike that should have been.
    contradicted: bool,
}

fn breadth_first<P: Protocol>(
    configuration: &Configuration<P>,
    limits: Limits,
    watch: &mut impl FnMut(Progress) -> bool,
) -> Pass {
    let model = LockModel::new(configuration.clone());
    let found = shortest_while(&model, limits.breadth, watch);
    let way_to = |place: usize| {
        let mut ways = found.landmarks.iter();
        ways.find(|(other, _)| *other == place).map(|(_, way)| tell(&model, way))
    };
    let landmarks = passed(&model, way_to);
    let finding =
        |(guarantee, way): (Guarantee, Vec<Action>)| (guarantee, broken(&model, guarantee, &way));
    Pass {
        broken: found.broken.map(finding),
        unique: found.unique,
        generated: found.generated,
        depth: found.depth,
        cuts: found.cuts,
        missed: missed(&model),
        landmarks,
        stopped: !found.exhausted,
        contradicted: model.contradiction().is_some(),
    }
}

fn missed<P: Protocol>(model: &LockModel<P>) -> Vec<Goal> {
    let goals = model.configuration().goals.iter().copied();
    goals.filter(|goal| !model.has_reached(*goal)).collect()
}

fn passed<P: Protocol>(
    model: &LockModel<P>,
    way_to: impl Fn(usize) -> Option<Vec<Step>>,
) -> Vec<Passed> {
    let landmarks = model.configuration().landmarks.iter().enumerate();
    let passed = landmarks.map(|(place, landmark)| Passed {
        name: landmark.name,
        found: model.has_passed(place),
        story: way_to(place),
    });
    passed.collect()
}

/// A break that only this finds is not told by a shortest story: there are more than
/// [`Limits::breadth`] states before it.
fn depth_first<P: Protocol>(
    configuration: &Configuration<P>,
    limits: Limits,
    watch: &mut impl FnMut(Progress) -> bool,
) -> Pass {
    let checker = LockModel::new(configuration.clone())
        .checker()
        .threads(limits.threads)
        .target_state_count(limits.states)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_dfs();
    let mut stopped = false;
    while !checker.is_done() && !stopped {
        std::thread::sleep(Duration::from_millis(2));
        stopped = !watch(Progress {
            generated: checker.state_count(),
            unique: checker.unique_state_count(),
            depth: checker.max_depth(),
            queue: None,
        });
    }
    // stateright cannot be told to stop: whoever does not want to wait leaves its threads alone.
    let checker = if stopped { checker } else { checker.join() };
    let model = checker.model();
    let cuts = model.cuts().reached();
    let broken = configuration.watch.iter().find_map(|guarantee| {
        let way: Vec<Action> = checker.discovery(guarantee.name())?.into_actions();
        Some((*guarantee, broken(model, *guarantee, &way)))
    });
    Pass {
        stopped: broken.is_none() && (stopped || checker.state_count() >= limits.states),
        broken,
        unique: checker.unique_state_count(),
        generated: checker.state_count(),
        depth: checker.max_depth(),
        cuts,
        missed: missed(model),
        landmarks: passed(model, |_| None),
        contradicted: model.contradiction().is_some(),
    }
}

/// Monitors say when something was; here everything is at once.
pub(crate) fn without_times(reason: &str) -> String {
    [" (granted at 0.000 s)", " (first at 0.000 s)", " at 0.000 s"]
        .iter()
        .fold(reason.to_owned(), |text, time| text.replace(time, ""))
}

fn broken<P: Protocol>(model: &LockModel<P>, guarantee: Guarantee, way: &[Action]) -> Finding {
    let reason = match model.verdict(way, guarantee) {
        Verdict::Broken { reason, .. } => without_times(&reason),
        other => format!("{other:?}"),
    };
    Finding::Broken { reason, story: tell(model, way), route: route(model, way) }
}
