//! Faults strike, end, and are counted as they bite. This is the one place where a fault of the
//! vocabulary becomes something that happens.

mod on_nodes;

use super::{Next, World};
use crate::aim::NodeSet;
use crate::chance::Chance;
use crate::fault::{ClockStrobe, Fault, Kind, Lasting, Targets, When};
use crate::links::{Policy, Rule, rules_of};
use crate::outcome::{Bites, Happening, Standing};
use locklab_protocols::contract::{Event, HostEvent, Protocol, Trigger};
use locklab_protocols::time::Time;
use std::collections::BTreeMap;

/// A fault that has struck and not ended.
#[derive(Clone, Debug)]
struct Strike {
    fault: usize,
    /// Everybody whom it touches, the ends of its links included.
    touched: NodeSet,
    /// Whom it strikes.
    struck: NodeSet,
    /// For a strobe: whether the clocks are wrong at the moment.
    displaced: bool,
}

/// A fault that waits for an event.
#[derive(Clone, Debug)]
struct Waiting {
    fault: usize,
    trigger: Trigger,
    at: Targets,
    missing: u32,
}

/// The faults of a run.
#[derive(Debug)]
pub(super) struct Faults {
    waiting: Vec<Waiting>,
    active: BTreeMap<u64, Strike>,
    strikes: u64,
    struck: Vec<Option<Time>>,
    ended: Vec<Option<Time>>,
    /// How often each was felt; and of these, while a lock was held, and while one was awaited.
    counts: Vec<[u64; 3]>,
    /// Whether somebody holds a lock, and whether somebody waits for one.
    now: (bool, bool),
    healed: bool,
}

impl Faults {
    pub(super) fn new(faults: &[Fault]) -> Self {
        let waiting = faults.iter().enumerate().filter_map(|(fault, what)| match &what.when {
            When::At(_) => None,
            When::Event { event, nth, at, .. } => {
                Some(Waiting { fault, trigger: *event, at: at.clone(), missing: *nth })
            }
        });
        Self {
            waiting: waiting.collect(),
            active: BTreeMap::new(),
            strikes: 0,
            struck: vec![None; faults.len()],
            ended: vec![None; faults.len()],
            counts: vec![[0; 3]; faults.len()],
            now: (false, false),
            healed: false,
        }
    }

    pub(super) fn waits_for_events(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The fault was felt.
    pub(super) fn bite(&mut self, fault: usize) {
        self.bite_often(fault, 1);
    }

    pub(super) fn bite_often(&mut self, fault: usize, times: u64) {
        let [all, held, awaited] = &mut self.counts[fault];
        *all += times;
        *held += times * u64::from(self.now.0);
        *awaited += times * u64::from(self.now.1);
    }

    /// How things stand from now on.
    pub(super) fn things_stand(&mut self, standing: Standing) {
        self.now = (standing.held, standing.awaited);
    }

    pub(super) fn bite_all(&mut self, faults: &[usize]) {
        for fault in faults {
            self.bite(*fault);
        }
    }

    pub(super) fn bites(&self, faults: &[Fault]) -> Vec<Bites> {
        let bites = |(position, fault): (usize, &Fault)| Bites {
            kind: fault.kind.name(),
            struck: self.struck[position],
            ended: self.ended[position],
            count: self.counts[position][0],
            while_held: self.counts[position][1],
            while_awaited: self.counts[position][2],
        };
        faults.iter().enumerate().map(bites).collect()
    }
}

impl<P: Protocol> World<P> {
    /// An event happened; faults that have waited for it strike.
    pub(super) fn pull(&mut self, trigger: Trigger, slot: usize) {
        if self.faults.healed {
            return;
        }
        let mut position = 0;
        while position < self.faults.waiting.len() {
            let waiting = &self.faults.waiting[position];
            if waiting.trigger != trigger || !self.aim(&waiting.at, Some(slot)).contains(slot) {
                position += 1;
                continue;
            }
            self.faults.waiting[position].missing -= 1;
            if self.faults.waiting[position].missing > 0 {
                position += 1;
                continue;
            }
            let fault = self.faults.waiting.remove(position).fault;
            let When::Event { after, .. } = self.fault(fault).when else { continue };
            if after.is_zero() {
                self.strike(fault, Some(slot));
            } else {
                let strike = Next::Strike { fault, subject: Some(slot) };
                self.queue.push(self.after(after), strike);
            }
        }
    }

    /// A fault of the plan strikes, if there is anybody whom it can strike.
    pub(super) fn strike(&mut self, fault: usize, subject: Option<usize>) {
        if self.faults.healed {
            return;
        }
        let kind = self.fault(fault).kind.clone();
        let strike = self.faults.strikes;
        self.faults.strikes += 1;
        let (struck, touched) = self.aim_kind(&kind, subject, strike, fault);
        if touched.is_empty() {
            return;
        }
        self.faults.struck[fault].get_or_insert(self.now);
        self.observer.watched.struck(kind.name(), self.observer.standing());
        let nodes = touched.slots().map(|slot| self.nodes[slot].id).collect();
        self.trace(|| Happening::FaultBegins { fault, nodes, what: kind.to_string() });
        let active =
            Strike { fault, touched: touched.clone(), struck: struck.clone(), displaced: false };
        self.faults.active.insert(strike, active);
        if let Lasting::For(duration) = kind.lasting() {
            self.queue.push(self.after(duration), Next::Relief { strike });
        }
        for slot in touched.slots() {
            self.observe(slot, Event::Host(HostEvent::Afflicted));
        }
        for slot in struck.slots() {
            self.begin_at(slot, fault, &kind);
        }
        if let Kind::ClockStrobe(_) = kind {
            self.strobe(strike);
        }
    }

    /// Whom a fault strikes and whom it touches. Faults of links put their rules on them here.
    fn aim_kind(
        &mut self,
        kind: &Kind,
        subject: Option<usize>,
        strike: u64,
        fault: usize,
    ) -> (NodeSet, NodeSet) {
        let field = self.field(subject);
        let aim = |targets: &Targets| field.aim(targets);
        if let Some((pairs, policy)) = rules_of(kind, aim, |shape| field.apart(shape)) {
            return self.put_rules(strike, fault, pairs, policy);
        }
        let set = kind.on_nodes().map(aim).unwrap_or_default();
        (set.clone(), set)
    }

    /// Puts a policy on links; whom it touches are the ends of them, and nobody is struck.
    fn put_rules(
        &mut self,
        strike: u64,
        fault: usize,
        pairs: Vec<(NodeSet, NodeSet)>,
        policy: Policy,
    ) -> (NodeSet, NodeSet) {
        let mut touched = vec![false; self.nodes.len()];
        let source = (self.fault(fault).clone(), self.twins_before(fault));
        for (position, (from, to)) in pairs.into_iter().enumerate() {
            if from.is_empty() || to.is_empty() {
                continue;
            }
            from.slots().chain(to.slots()).for_each(|slot| touched[slot] = true);
            if matches!(policy, Policy::Cut) {
                self.cut_in_flight(fault, &from, &to);
            }
            let chance = Chance::new(self.seed, &("fault", &source, position));
            self.links.rules.push(Rule { strike, fault, from, to, policy, chance });
        }
        let nobody = NodeSet::new(self.nodes.iter().map(|_| false));
        (nobody, NodeSet::new(touched.into_iter()))
    }

    /// How many faults before this one in the plan are equal to it. Chance is drawn by what a
    /// fault is and not by its position, so that taking another one out leaves it alone.
    fn twins_before(&self, fault: usize) -> usize {
        let faults = &self.plan.faults;
        faults[..fault].iter().filter(|other| **other == faults[fault]).count()
    }

    /// The time of a fault is over.
    pub(super) fn relieve(&mut self, strike: u64) {
        let Some(active) = self.faults.active.remove(&strike) else { return };
        let fault = active.fault;
        self.faults.ended[fault] = Some(self.now);
        let kind = self.fault(fault).kind.clone();
        self.trace(|| Happening::FaultEnds { fault });
        self.links.rules.retain(|rule| rule.strike != strike);
        for slot in active.struck.slots() {
            self.end_at(slot, fault, &kind, active.displaced);
        }
        for slot in active.touched.slots() {
            self.observe(slot, Event::Host(HostEvent::Relieved));
        }
    }

    /// The clocks of a strobe jump to and fro.
    pub(super) fn strobe(&mut self, strike: u64) {
        let Some(active) = self.faults.active.get_mut(&strike) else { return };
        active.displaced = !active.displaced;
        let Strike { fault, struck, displaced, .. } = active.clone();
        let Kind::ClockStrobe(ClockStrobe { by, every, .. }) = self.fault(fault).kind else {
            return;
        };
        let by = if displaced { by } else { by.reversed() };
        for slot in struck.slots() {
            self.jump(slot, fault, by);
        }
        self.queue.push(self.after(every), Next::Strobe { strike });
    }

    /// All faults end, but for crashes that last for ever.
    pub(super) fn heal(&mut self) {
        self.faults.healed = true;
        let strikes: Vec<u64> = self.faults.active.keys().copied().collect();
        for strike in strikes {
            let fault = self.faults.active[&strike].fault;
            if self.fault(fault).kind.lasting() != Lasting::ForEver {
                self.relieve(strike);
            }
        }
        let storage = self.nodes.len() - 1;
        self.observe(storage, Event::Host(HostEvent::Healed));
    }
}
