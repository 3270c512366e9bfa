//! Faults strike for real: signals for processes, rules for links, words for the layer between a
//! node and its clocks and disk. When and whom they strike is as in the simulator.

use super::LiveError;
use super::cluster::{Act, Cluster, Happened};
use super::journal::{Control, DiskState};
use super::replay::Outside;
use locklab_protocols::contract::{HostEvent, Portable, Trigger};
use locklab_protocols::time::Time;
use locklab_sim::aim::{Field, NodeSet};
use locklab_sim::chance::Chance;
use locklab_sim::fault::{ClockJump, ClockStrobe, DiskLoss, Fault, Kind, Lasting, Targets, When};
use locklab_sim::links::{Policy, Rule, rules_of};
use locklab_sim::text::Shift;
use std::collections::BTreeMap;

/// A fault that has struck and not ended.
#[derive(Clone, Debug)]
struct Strike {
    fault: usize,
    /// Everybody whom it touches, the ends of its links included.
    touched: Vec<usize>,
    /// Whom it strikes.
    struck: Vec<usize>,
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
pub(super) struct Strikes {
    waiting: Vec<Waiting>,
    active: BTreeMap<u64, Strike>,
    count: u64,
    pub(super) struck: Vec<Option<Time>>,
    pub(super) ended: Vec<Option<Time>>,
    pub(super) bites: Vec<u64>,
    healed: bool,
}

impl Strikes {
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
            count: 0,
            struck: vec![None; faults.len()],
            ended: vec![None; faults.len()],
            bites: vec![0; faults.len()],
            healed: false,
        }
    }
}

impl<P: Portable> Cluster<P> {
    fn field(&self, subject: Option<usize>) -> Field<'_, P> {
        Field {
            protocol: &self.replay.setting().protocol,
            clients: self.plan.clients,
            servers: self.replay.servers(),
            roles: &self.online.roles,
            subject,
        }
    }

    /// An event happened at a node, which waits; faults that have waited for it strike.
    pub(super) fn pull(&mut self, trigger: Trigger, slot: usize) -> Result<(), LiveError> {
        let mut position = 0;
        while !self.strikes.healed && position < self.strikes.waiting.len() {
            let waiting = &self.strikes.waiting[position];
            let fits = waiting.trigger == trigger
                && self.field(Some(slot)).aim(&waiting.at).contains(slot);
            if fits {
                self.strikes.waiting[position].missing -= 1;
            }
            if !fits || self.strikes.waiting[position].missing > 0 {
                position += 1;
                continue;
            }
            let fault = self.strikes.waiting.remove(position).fault;
            let When::Event { after, .. } = self.plan.faults[fault].when else { continue };
            if after.is_zero() {
                self.strike(fault, Some(slot))?;
            } else {
                let at = self.epoch.time() + after;
                self.later(at, Act::Strike { fault, subject: Some(slot) });
            }
        }
        Ok(())
    }

    /// A fault of the plan strikes, if there is anybody whom it can strike.
    pub(super) fn strike(&mut self, fault: usize, subject: Option<usize>) -> Result<(), LiveError> {
        if self.strikes.healed {
            return Ok(());
        }
        let kind = self.plan.faults[fault].kind.clone();
        let number = self.strikes.count;
        self.strikes.count += 1;
        let field = self.field(subject);
        let aim = |targets: &Targets| field.aim(targets);
        let rules = rules_of(&kind, aim, |shape| field.apart(shape));
        let struck: Vec<usize> =
            kind.on_nodes().map(|on| aim(on).slots().collect()).unwrap_or_default();
        let touched = match rules {
            Some((pairs, policy)) => self.put_rules(number, fault, pairs, policy),
            None => struck.clone(),
        };
        if touched.is_empty() {
            return Ok(());
        }
        let now = self.epoch.time();
        self.strikes.struck[fault].get_or_insert(now);
        let nodes = touched.iter().map(|slot| self.seats[*slot].id).collect();
        self.happened.push((now, Happened::FaultBegins(fault, nodes, kind.to_string())));
        let (all, some) = (touched.clone(), struck.clone());
        let active = Strike { fault, touched, struck, displaced: false };
        self.strikes.active.insert(number, active);
        if let Lasting::For(duration) = kind.lasting() {
            self.later(now + duration, Act::Relief { strike: number });
        }
        for slot in all {
            self.record(slot, Outside::Event(HostEvent::Afflicted));
        }
        for slot in some {
            self.begin_at(slot, fault, &kind)?;
        }
        if let Kind::ClockStrobe(_) = kind {
            self.strobe(number);
        }
        Ok(())
    }

    fn put_rules(
        &mut self,
        strike: u64,
        fault: usize,
        pairs: Vec<(NodeSet, NodeSet)>,
        policy: Policy,
    ) -> Vec<usize> {
        let mut touched = vec![false; self.seats.len()];
        for (position, (from, to)) in pairs.into_iter().enumerate() {
            if from.is_empty() || to.is_empty() {
                continue;
            }
            from.slots().chain(to.slots()).for_each(|slot| touched[slot] = true);
            let chance = Chance::new(self.seed, &("fault", fault, position));
            let cuts = matches!(policy, Policy::Cut);
            self.relay.put(Rule { strike, fault, from, to, policy, chance }, cuts);
        }
        (0..touched.len()).filter(|slot| touched[*slot]).collect()
    }

    /// The time of a fault is over.
    pub(super) fn relieve(&mut self, strike: u64) -> Result<(), LiveError> {
        let Some(active) = self.strikes.active.remove(&strike) else { return Ok(()) };
        let Strike { fault, touched, struck, displaced } = active;
        let kind = self.plan.faults[fault].kind.clone();
        let now = self.epoch.time();
        self.strikes.ended[fault] = Some(now);
        self.happened.push((now, Happened::FaultEnds(fault)));
        self.relay.lift(strike);
        for slot in struck {
            self.end_at(slot, fault, &kind, displaced)?;
        }
        for slot in touched {
            self.record(slot, Outside::Event(HostEvent::Relieved));
        }
        Ok(())
    }

    /// The clocks of a strobe jump to and fro.
    pub(super) fn strobe(&mut self, strike: u64) {
        let Some(active) = self.strikes.active.get_mut(&strike) else { return };
        active.displaced = !active.displaced;
        let Strike { fault, struck, displaced, .. } = active.clone();
        let Kind::ClockStrobe(ClockStrobe { by, every, .. }) = self.plan.faults[fault].kind else {
            return;
        };
        let by = if displaced { by } else { by.reversed() };
        for slot in struck {
            self.jump(slot, fault, by);
        }
        let at = self.epoch.time() + every;
        self.later(at, Act::Strobe { strike });
    }

    /// All faults end, but for crashes that last for ever.
    pub(super) fn heal(&mut self) -> Result<(), LiveError> {
        self.strikes.healed = true;
        let strikes: Vec<u64> = self.strikes.active.keys().copied().collect();
        for strike in strikes {
            let fault = self.strikes.active[&strike].fault;
            if self.plan.faults[fault].kind.lasting() != Lasting::ForEver {
                self.relieve(strike)?;
            }
        }
        let storage = self.seats.len() - 1;
        self.record(storage, Outside::Event(HostEvent::Healed));
        Ok(())
    }

    fn begin_at(&mut self, slot: usize, fault: usize, kind: &Kind) -> Result<(), LiveError> {
        if !matches!(kind, Kind::Pause(_) | Kind::Crash(_)) {
            self.record(slot, Outside::Begins(fault, kind.clone()));
        }
        let seat = &mut self.seats[slot];
        match kind {
            Kind::Pause(_) => {
                if self.replay.is_up(slot)
                    && let Some(process) = &mut seat.process
                {
                    let stands = !seat.paused.is_empty();
                    if stands || process.stop() {
                        seat.paused.push(fault);
                        if !stands {
                            self.record(slot, Outside::Event(HostEvent::Paused));
                        }
                        self.record(slot, Outside::Begins(fault, kind.clone()));
                    }
                }
            }
            Kind::Slow(slow) => {
                seat.slow.push((fault, slow.step));
                self.tell_slow(slot);
            }
            Kind::Crash(crash) => {
                seat.down.push(fault);
                if self.kill(slot, crash.disk)? {
                    self.strikes.bites[fault] += 1;
                }
            }
            Kind::ClockJump(ClockJump { by, .. }) => self.jump(slot, fault, *by),
            Kind::ClockRate(rate) => {
                seat.clocks.set_rate(self.epoch.moment(), rate.percent);
                self.tell_clocks(slot);
            }
            Kind::ClockFreeze(_) => {
                seat.clocks.freeze(self.epoch.moment());
                self.tell_clocks(slot);
            }
            Kind::DiskStall(_) => {
                seat.stalled.push(fault);
                self.tell_disk(slot);
            }
            Kind::DiskLie(_) => {
                seat.lying.push(fault);
                self.tell_disk(slot);
            }
            Kind::ClockStrobe(_)
            | Kind::Cut(_)
            | Kind::Partition(_)
            | Kind::Loss(_)
            | Kind::Duplicate(_)
            | Kind::Delay(_)
            | Kind::Reorder(_) => {}
        }
        Ok(())
    }

    fn end_at(
        &mut self,
        slot: usize,
        fault: usize,
        kind: &Kind,
        displaced: bool,
    ) -> Result<(), LiveError> {
        let seat = &mut self.seats[slot];
        match kind {
            Kind::Pause(_) => {
                let stood = !seat.paused.is_empty();
                forget(&mut seat.paused, fault);
                if stood && seat.paused.is_empty() {
                    self.record(slot, Outside::Event(HostEvent::Resumed));
                    self.record(slot, Outside::WentOn(fault));
                    if let Some(process) = &mut self.seats[slot].process {
                        process.go_on();
                    }
                }
            }
            Kind::Slow(_) => {
                seat.slow.retain(|(other, _)| *other != fault);
                self.tell_slow(slot);
            }
            Kind::Crash(_) => {
                forget(&mut seat.down, fault);
                self.restart(slot)?;
            }
            Kind::ClockJump(ClockJump { by, .. }) => self.jump(slot, fault, by.reversed()),
            Kind::ClockStrobe(ClockStrobe { by, .. }) => {
                if displaced {
                    self.jump(slot, fault, by.reversed());
                }
            }
            Kind::ClockRate(_) => {
                seat.clocks.set_rate(self.epoch.moment(), 100);
                self.tell_clocks(slot);
            }
            Kind::ClockFreeze(_) => {
                seat.clocks.thaw(self.epoch.moment());
                self.tell_clocks(slot);
            }
            Kind::DiskStall(_) => {
                forget(&mut seat.stalled, fault);
                self.tell_disk(slot);
            }
            Kind::DiskLie(_) => {
                forget(&mut seat.lying, fault);
                self.tell_disk(slot);
            }
            Kind::Cut(_)
            | Kind::Partition(_)
            | Kind::Loss(_)
            | Kind::Duplicate(_)
            | Kind::Delay(_)
            | Kind::Reorder(_) => {}
        }
        if !matches!(kind, Kind::Crash(_)) {
            self.record(slot, Outside::Ends(fault));
        }
        Ok(())
    }

    fn jump(&mut self, slot: usize, fault: usize, by: Shift) {
        self.seats[slot].clocks.jump(self.epoch.moment(), by);
        self.record(slot, Outside::Jumped(fault));
        self.tell_clocks(slot);
    }

    fn tell_clocks(&mut self, slot: usize) {
        let clocks = self.seats[slot].clocks;
        self.say(slot, &Control::Clocks(clocks));
    }

    fn tell_disk(&mut self, slot: usize) {
        let seat = &self.seats[slot];
        let (stalled, lying) = (!seat.stalled.is_empty(), !seat.lying.is_empty());
        self.say(slot, &Control::Disk(DiskState { stalled, lying }));
    }

    fn tell_slow(&mut self, slot: usize) {
        let slow = self.seats[slot].slow.iter().map(|(_, step)| *step).max().unwrap_or_default();
        self.say(slot, &Control::Slow(slow));
    }
}

fn forget(faults: &mut Vec<usize>, fault: usize) {
    if let Some(position) = faults.iter().position(|other| *other == fault) {
        faults.remove(position);
    }
}

/// Whether a kind of fault is felt through the host's own layer and not through the machine.
pub(super) fn is_emulated(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Slow(_) => Some("slow: the node sleeps before it goes on with a step"),
        Kind::ClockJump(_) | Kind::ClockRate(_) | Kind::ClockStrobe(_) | Kind::ClockFreeze(_) => {
            Some("clocks: wrong in the layer between the node and the machine's clocks")
        }
        Kind::DiskStall(_) | Kind::DiskLie(_) => {
            Some("disks: the host withholds the write or the fsync")
        }
        Kind::Crash(crash) if crash.disk == DiskLoss::UnsyncedLost => {
            Some("power failure: the file is cut at the last fsync")
        }
        _ => None,
    }
}
