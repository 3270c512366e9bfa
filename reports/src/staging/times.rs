//! A time for every step: a system of difference constraints.
//!
//! Each constraint says that one step is at least so long after another, or (the same with a sign)
//! at most so long. The smallest solution is the longest path from the beginning to each step
//! (Bellman and Ford); a circle of positive length means that there is none.

use super::{APART, LEISURE, Rates};
use locklab_models::{Left, Reason, Stop};
use locklab_protocols::contract::{Span, When};
use locklab_protocols::id::NodeId;
use locklab_protocols::time::nanos;
use std::time::Duration;

/// What is called "just before" and "just after" here, in nanoseconds: less than lies between steps.
pub(super) const MOMENT: i64 = 10_000;

/// A timer that runs from one step on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Running {
    /// The step that starts it.
    pub(super) armed: usize,
    /// Which.
    pub(super) timer: String,
    /// How long it runs at least, in true nanoseconds.
    pub(super) least: i64,
    /// How long it runs at most.
    pub(super) most: i64,
    /// Whether its length is left to chance.
    pub(super) by_chance: bool,
    /// How fast the clock is on which it runs, in percent.
    pub(super) rate: u32,
    /// What becomes of it.
    pub(super) end: RunEnd,
}

/// What becomes of a timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RunEnd {
    /// It fires in this step.
    Fires(usize),
    /// It is stopped, or started again, in this step, or its node dies there.
    Stops(usize),
    /// Nothing, as far as the way goes.
    Runs,
}

/// The times of all steps, in nanoseconds from the beginning, and the timers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Times {
    pub(super) at: Vec<i64>,
    pub(super) timers: Vec<Running>,
}

/// How many steps at the beginning are the starts of nodes, which all come at once.
pub(super) fn starts(route: &[Stop]) -> usize {
    route.iter().take_while(|stop| stop.reason == Reason::Started).count()
}

/// The step of a node before this one.
pub(super) fn step_before(route: &[Stop], place: usize) -> Option<usize> {
    (0..place).rev().find(|before| route[*before].node == route[place].node)
}

/// The last step of a node.
pub(super) fn last_step(route: &[Stop], node: NodeId) -> Option<usize> {
    route.iter().rposition(|stop| stop.node == node)
}

/// What becomes of those timers of a node that still run.
fn end(timers: &mut [(NodeId, Running)], node: NodeId, which: impl Fn(&str) -> bool, end: RunEnd) {
    for (owner, timer) in timers {
        if *owner == node && timer.end == RunEnd::Runs && which(&timer.timer) {
            timer.end = end;
        }
    }
}

/// All timers that run on the way, in the order in which they are started.
fn timers(route: &[Stop], rates: Rates) -> Vec<Running> {
    let mut timers: Vec<(NodeId, Running)> = Vec::new();
    for (place, stop) in route.iter().enumerate() {
        let node = stop.node;
        let stops = RunEnd::Stops(place);
        match &stop.reason {
            Reason::Fired { timer } => {
                end(&mut timers, node, |other| other == timer, RunEnd::Fires(place));
            }
            Reason::Died => end(&mut timers, node, |_| true, stops),
            Reason::Started | Reason::Delivered { .. } => {}
        }
        for left in &stop.left {
            match left {
                Left::Armed { timer, when, .. } => {
                    end(&mut timers, node, |other| other == timer, stops);
                    timers.push((node, running(stop, place, timer, *when, rates)));
                }
                Left::Disarmed { timer } => {
                    end(&mut timers, node, |other| other == timer, stops);
                }
                Left::Sent { .. } => {}
            }
        }
        if stop.death.is_some() {
            end(&mut timers, node, |_| true, stops);
        }
    }
    timers.into_iter().map(|(_, timer)| timer).collect()
}

fn running(stop: &Stop, armed: usize, timer: &str, when: When, rates: Rates) -> Running {
    let Span { shortest, longest } = match when {
        When::After(span) => span,
        // What a clock shows counts from the asking in the models.
        When::At(reading) => Span::from(Duration::from_nanos(reading.0)),
    };
    // Those of an application run for as long as it likes.
    let at_leisure = shortest < longest && timer.starts_with("Application(");
    let (shortest, longest) =
        if at_leisure { (Duration::ZERO, LEISURE) } else { (shortest, longest) };
    let rate = match stop.node {
        NodeId::Server(_) => rates.servers,
        NodeId::Client(_) | NodeId::Storage => rates.clients,
    };
    let length = |counted: Duration| {
        let truly = u128::from(nanos(counted)) * 100;
        i64::try_from(truly.div_ceil(u128::from(rate))).unwrap_or(i64::MAX / 4)
    };
    Running {
        armed,
        timer: timer.to_owned(),
        least: length(shortest),
        most: length(longest),
        by_chance: shortest < longest,
        rate,
        end: RunEnd::Runs,
    }
}

/// One step is at least so long after another; in nanoseconds, and perhaps less than nothing.
struct Apart {
    from: usize,
    to: usize,
    by: i64,
    /// The timer for whose sake, if there is one.
    timer: Option<usize>,
}

/// How much of the order of a way is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    /// All of it.
    Told,
    /// The order of what one node does, and that nothing is heard before it is sent. Of steps that
    /// have nothing to do with each other a way tells one or the other first, as it happens.
    Causal,
}

/// For each step the one that sent what it hears; of messages that say the same, the first.
fn sent_in(route: &[Stop]) -> Vec<Option<usize>> {
    let mut open: Vec<(usize, NodeId, &str)> = Vec::new();
    let mut sent_in = Vec::new();
    for (place, stop) in route.iter().enumerate() {
        sent_in.push(match &stop.reason {
            Reason::Delivered { from, message, again } => {
                let fits = |(by, to, text): &(usize, NodeId, &str)| {
                    route[*by].node == *from && *to == stop.node && *text == message
                };
                let found = open.iter().position(fits);
                found.map(|one| if *again { open[one].0 } else { open.remove(one).0 })
            }
            _ => None,
        });
        for left in &stop.left {
            if let Left::Sent { to, message } = left {
                open.push((place, *to, message));
            }
        }
    }
    sent_in
}

fn order(route: &[Stop], timers: &[Running], order: Order) -> Vec<Apart> {
    let starts = starts(route);
    let mut all = Vec::new();
    for (place, sent_in) in sent_in(route).into_iter().enumerate().skip(1) {
        // What is due at once happens before anything can come between.
        let at_once = |from| {
            let mut timers = timers.iter();
            timers.any(|one| (one.armed, one.end, one.most) == (from, RunEnd::Fires(place), 0))
        };
        let apart = |from| if place < starts || at_once(from) { 0 } else { nanos(APART) as i64 };
        let before = match order {
            _ if place < starts => vec![Some(place - 1)],
            Order::Told => vec![Some(place - 1)],
            Order::Causal => vec![step_before(route, place), sent_in],
        };
        let before = before.into_iter().flatten();
        all.extend(before.map(|from| Apart { from, to: place, by: apart(from), timer: None }));
    }
    all.extend((1..starts).map(|place| Apart { from: place, to: 0, by: 0, timer: None }));
    all
}

fn constraints(route: &[Stop], timers: &[Running], kept: Order) -> Vec<Apart> {
    let mut all = order(route, timers, kept);
    for (number, timer) in timers.iter().enumerate() {
        let armed = timer.armed;
        // In the step that starts it nothing is due yet, however short it is.
        let mut apart = |from, to, by| {
            if from != to {
                all.push(Apart { from, to, by, timer: Some(number) });
            }
        };
        // Not due before or at this step.
        let not_yet = |step: usize| (step, armed, MOMENT - timer.most);
        match timer.end {
            RunEnd::Fires(fires) => {
                apart(armed, fires, timer.least);
                let before = step_before(route, fires).unwrap_or(armed);
                let (from, to, by) = not_yet(before);
                apart(from, to, by);
            }
            RunEnd::Stops(stops) => {
                let (from, to, by) = not_yet(stops);
                apart(from, to, by);
            }
            RunEnd::Runs => {
                let node = route[armed].node;
                let last = last_step(route, node).unwrap_or(armed);
                let fired = timers.iter().find(|other| other.end == RunEnd::Fires(last));
                match fired.filter(|other| other.armed >= armed || other.least <= timer.most) {
                    // A node that was late hears what is due in the order in which it was: what
                    // comes after its last step makes no difference any more.
                    Some(other) if last != armed => {
                        let before = step_before(route, last).unwrap_or(armed);
                        let (from, to, by) = not_yet(before.max(armed));
                        apart(from, to, by);
                        apart(other.armed, armed, MOMENT + other.least - timer.most);
                    }
                    _ => {
                        let (from, to, by) = not_yet(last);
                        apart(from, to, by);
                    }
                }
            }
        }
    }
    all
}

/// The smallest times that keep all constraints: in the order of the way if there are such times,
/// else in one that is as good.
///
/// # Errors
///
/// Which timer there is no time for.
pub(super) fn solve(route: &[Stop], rates: Rates) -> Result<Times, String> {
    in_order(route, rates, Order::Told).or_else(|_| in_order(route, rates, Order::Causal))
}

fn in_order(route: &[Stop], rates: Rates, kept: Order) -> Result<Times, String> {
    let timers = timers(route, rates);
    let constraints = constraints(route, &timers, kept);
    let mut at = vec![0_i64; route.len()];
    for round in 0..=route.len() {
        let mut changed = None;
        for apart in &constraints {
            let least = at[apart.from].saturating_add(apart.by);
            if at[apart.to] < least {
                at[apart.to] = least;
                changed = apart.timer.or(changed);
                if apart.timer.is_none() && changed.is_none() {
                    changed = Some(usize::MAX);
                }
            }
        }
        match changed {
            None => return Ok(Times { at, timers }),
            Some(timer) if round == route.len() => {
                let which = timers.get(timer).map_or("a timer", |timer| timer.timer.as_str());
                return Err(format!(
                    "there is no time for every step: {which} would fire, or would not, where the \
                     way has it otherwise"
                ));
            }
            Some(_) => {}
        }
    }
    Ok(Times { at, timers })
}
