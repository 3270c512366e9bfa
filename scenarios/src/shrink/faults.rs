//! What is tried to make each fault of a scenario smaller: sooner, shorter, weaker, plainer.

use super::passes::{rounder as rounder_time, with};
use crate::scenario::Scenario;
use locklab_sim::fault::{DiskLoss, Fault, Kind, Lasting, Target, Targets, When};
use std::time::Duration;

/// The scenario with each of these in the place of one of its faults, for all of them in turn.
fn each(scenario: &Scenario, propose: impl Fn(&Fault) -> Vec<Fault>) -> Vec<Scenario> {
    let faults = scenario.faults.iter().enumerate();
    let proposed = faults.flat_map(|(position, fault)| {
        let smaller = propose(fault).into_iter().filter(|smaller| *smaller != *fault);
        smaller.map(move |smaller| (position, smaller)).collect::<Vec<_>>()
    });
    let put = |(position, fault)| with(scenario, |smaller| smaller.faults[position] = fault);
    proposed.map(put).collect()
}

/// Faults that strike sooner, for a shorter time, with less force.
pub(super) fn simpler(scenario: &Scenario) -> Vec<Scenario> {
    each(scenario, |fault| {
        let mut smaller = sooner(fault);
        smaller.extend(shorter(fault));
        smaller.extend(weaker(fault));
        smaller
    })
}

/// Faults with times of fewer digits.
pub(super) fn rounder(scenario: &Scenario) -> Vec<Scenario> {
    each(scenario, |fault| {
        let mut smaller = Vec::new();
        match &fault.when {
            When::At(moment) => {
                let at = |moment| Fault { when: When::At(moment), ..fault.clone() };
                smaller.extend(fewer_digits(*moment).into_iter().map(at));
            }
            When::Event { event, nth, at, after } => {
                let later = |after| Fault {
                    when: When::Event { event: *event, nth: *nth, at: at.clone(), after },
                    ..fault.clone()
                };
                smaller.extend(fewer_digits(*after).into_iter().map(later));
            }
        }
        if let Lasting::For(time) = fault.kind.lasting() {
            smaller.extend(fewer_digits(time).into_iter().map(|time| lasts(fault, time)));
        }
        smaller
    })
}

fn fewer_digits(time: Duration) -> Vec<Duration> {
    rounder_time(time).into_iter().take_while(|rounder| *rounder != time).collect()
}

fn sooner(fault: &Fault) -> Vec<Fault> {
    let When::Event { event, nth, at, after } = &fault.when else { return Vec::new() };
    let when = |nth, at: &Targets, after| {
        let when = When::Event { event: *event, nth, at: at.clone(), after };
        Fault { when, ..fault.clone() }
    };
    let mut smaller = vec![when(1, &Targets::default(), Duration::ZERO)];
    smaller.push(when(*nth, at, Duration::ZERO));
    smaller.extend((1..*nth).map(|nth| when(nth, at, *after)));
    smaller
}

fn shorter(fault: &Fault) -> Vec<Fault> {
    let shares = |time: Duration| {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        [millis / 4, millis / 2, millis * 3 / 4].map(Duration::from_millis)
    };
    let times = match fault.kind.lasting() {
        Lasting::For(time) => shares(time).to_vec(),
        Lasting::UntilHeal | Lasting::ForEver => [1, 2, 5, 10].map(Duration::from_secs).to_vec(),
    };
    let times = times.into_iter().filter(|time| !time.is_zero());
    times.map(|time| lasts(fault, time)).collect()
}

fn weaker(fault: &Fault) -> Vec<Fault> {
    let mut smaller = Vec::new();
    let mut propose = |change: &dyn Fn(&mut Kind)| {
        let mut kind = fault.kind.clone();
        change(&mut kind);
        smaller.push(Fault { kind, ..fault.clone() });
    };
    match &fault.kind {
        // What strikes every message needs no chance.
        Kind::Loss(_) | Kind::Duplicate(_) => propose(&|kind| {
            if let Kind::Loss(on) | Kind::Duplicate(on) = kind {
                on.percent = 100;
            }
        }),
        Kind::Crash(_) => propose(&|kind| {
            if let Kind::Crash(crash) = kind {
                crash.disk = DiskLoss::Kept;
            }
        }),
        Kind::Partition(partition) => {
            for side in 0..partition.sides.len() {
                for member in 0..partition.sides[side].0.len() {
                    propose(&|kind| {
                        if let Kind::Partition(partition) = kind
                            && partition.sides[side].0.len() > 1
                        {
                            partition.sides[side].0.remove(member);
                        }
                    });
                }
            }
        }
        Kind::Pause(_) => propose(&|kind| {
            if let Kind::Pause(on) = kind {
                on.target = Target::Holder.into();
            }
        }),
        _ => {}
    }
    smaller
}

/// The same fault for this long.
pub(crate) fn lasts(fault: &Fault, time: Duration) -> Fault {
    let mut shorter = fault.clone();
    let lasting = match &mut shorter.kind {
        Kind::Pause(fault)
        | Kind::ClockFreeze(fault)
        | Kind::DiskStall(fault)
        | Kind::DiskLie(fault) => &mut fault.lasting,
        Kind::Slow(fault) => &mut fault.lasting,
        Kind::Crash(fault) => &mut fault.lasting,
        Kind::Cut(fault) => &mut fault.lasting,
        Kind::Partition(fault) => &mut fault.lasting,
        Kind::Loss(fault) | Kind::Duplicate(fault) => &mut fault.lasting,
        Kind::Delay(fault) => &mut fault.lasting,
        Kind::Reorder(fault) => &mut fault.lasting,
        Kind::ClockJump(fault) => &mut fault.lasting,
        Kind::ClockRate(fault) => &mut fault.lasting,
        Kind::ClockStrobe(fault) => &mut fault.lasting,
    };
    *lasting = Lasting::For(time);
    shorter
}
