//! Draws faults from the whole vocabulary.

use crate::contestant::Contestant;
use crate::scenario::Scenario;
use crate::shrink::lasts;
use locklab_protocols::contract::{Span, Trigger};
use locklab_protocols::id::{ClientId, ServerId};
use locklab_sim::chance::Chance;
use locklab_sim::fault::{
    ClockJump, ClockRate, ClockStrobe, Crash, Cut, DiskLoss, Fault, Kind, Lasting, OnLinks,
    OnNodes, Partition, Reorder, Shape, Slow, SlowLinks, Target, Targets, When,
};
use locklab_sim::network::Delay;
use locklab_sim::text::Shift;
use std::time::Duration;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Whether this is a client that stands still at an event of its own.
fn is_classic(fault: &Fault) -> bool {
    let at_own_event = matches!(
        fault.when,
        When::Event { event: Trigger::Checked | Trigger::Granted, after: Duration::ZERO, .. }
    );
    at_own_event
        && matches!(&fault.kind, Kind::Pause(OnNodes { target, lasting: Lasting::For(_) })
            if *target == Target::Subject.into())
}

/// Whether it is what [`FaultDraw::cut_at_a_renewal`] draws, or like it: a cut some time after a
/// grant.
pub(super) fn is_cut_at_a_renewal(fault: &Fault) -> bool {
    let later = |after: &Duration| !after.is_zero();
    matches!(&fault.kind, Kind::Cut(_))
        && matches!(&fault.when, When::Event { event: Trigger::Granted, after, .. } if later(after))
}

/// So long after another moment or event.
fn later(when: &When, by: Duration) -> When {
    match when {
        When::At(moment) => When::At(*moment + by),
        When::Event { event, nth, at, after } => {
            When::Event { event: *event, nth: *nth, at: at.clone(), after: *after + by }
        }
    }
}

/// Draws the faults of one scenario.
pub(super) struct FaultDraw<'a> {
    chance: &'a mut Chance,
    /// The kinds that this scenario has at all.
    kinds: Vec<&'static str>,
    clients: usize,
    servers: usize,
    heal_at: u64,
    lease: u64,
}

impl<'a> FaultDraw<'a> {
    /// `share` percent of all kinds are switched on, but one at least.
    pub(super) fn new(
        chance: &'a mut Chance,
        scenario: &Scenario,
        contestant: &dyn Contestant,
        share: u32,
    ) -> Self {
        let whole = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let mut draw = Self {
            chance,
            kinds: Vec::new(),
            clients: scenario.clients,
            servers: contestant.servers(),
            heal_at: whole(scenario.heal_at),
            lease: whole(scenario.lock.lease.unwrap_or(Duration::from_secs(10))),
        };
        let kinds = Kind::NAMES.into_iter().filter(|_| draw.chance.percent(share));
        draw.kinds = kinds.collect();
        if draw.kinds.is_empty() {
            draw.kinds.push(Kind::NAMES[draw.chance.below(Kind::NAMES.len() as u64) as usize]);
        }
        draw
    }

    /// A fault of one of the kinds that are on. `before` are those that are there already.
    pub(super) fn draw(&mut self, before: &[Fault]) -> Option<Fault> {
        let drawn = self.draw_any(before)?;
        self.over_by_the_heal(drawn)
    }

    /// The fault, cut short if it would last beyond the heal; none if it would begin after that.
    fn over_by_the_heal(&self, fault: Fault) -> Option<Fault> {
        let begins = match &fault.when {
            When::At(moment) => *moment,
            When::Event { after, .. } => *after,
        };
        let left = millis(self.heal_at).checked_sub(begins).filter(|left| !left.is_zero())?;
        match fault.kind.lasting() {
            Lasting::For(time) if time > left => Some(lasts(&fault, left)),
            _ => Some(fault),
        }
    }

    fn draw_any(&mut self, before: &[Fault]) -> Option<Fault> {
        if let Some(classic) = before.last().filter(|fault| is_classic(fault)).cloned()
            && self.chance.percent(50)
        {
            return Some(self.companion(&classic));
        }
        let position = self.below(self.kinds.len());
        let name = self.kinds[position];
        if name == "pause" && self.chance.percent(50) {
            return Some(self.pause_past_the_lease());
        }
        if name == "cut" && self.chance.percent(35) {
            return Some(self.cut_at_a_renewal());
        }
        let tied = before.last().filter(|_| self.chance.percent(25)).cloned();
        let (when, lasting) = match tied {
            Some(other) => self.around(&other),
            None => {
                let when = self.when();
                let lasting = self.lasting(&when);
                (when, lasting)
            }
        };
        let by_event = matches!(when, When::Event { .. });
        Some(Fault { kind: self.kind(name, lasting, by_event)?, when })
    }

    /// The classic: a client stands still past its lease where that hurts most. What it needs to
    /// do harm in spite of a fence (a storage that forgets, a server that does) comes on top of it,
    /// so it must not be rare. Half of them end about when the lease does, for a write that
    /// arrives together with the first one of the next owner meets other things than a late one.
    fn pause_past_the_lease(&mut self) -> Fault {
        let event = self.one_of(&[Trigger::Checked, Trigger::Checked, Trigger::Granted]);
        let nth = self.chance.between(1, 6) as u32;
        let lasts = match self.chance.percent(50) {
            true => self.chance.between(self.lease * 8 / 10, self.lease * 11 / 10),
            false => self.chance.between(self.lease, self.lease * 2),
        };
        let lasting = Lasting::For(millis(lasts.min(self.heal_at)));
        Fault {
            when: When::Event { event, nth, at: Targets::default(), after: Duration::ZERO },
            kind: Kind::Pause(OnNodes { target: Target::Subject.into(), lasting }),
        }
    }

    /// A holder is cut off just when it renews its lease, a third of it after the last time, and
    /// for so short a time that it has another chance before the lease is over.
    fn cut_at_a_renewal(&mut self) -> Fault {
        let after = self.chance.between(self.lease * 27 / 100, self.lease * 34 / 100);
        let lasting = Lasting::For(millis(self.chance.between(self.lease / 20, self.lease / 6)));
        let nth = self.chance.between(1, 6) as u32;
        let (from, to) = (Target::Subject.into(), Target::Servers.into());
        Fault {
            when: When::Event {
                event: Trigger::Granted,
                nth,
                at: Targets::default(),
                after: millis(after),
            },
            kind: Kind::Cut(Cut { from, to, one_way: self.chance.percent(40), lasting }),
        }
    }

    /// For most locks that are cut off at a renewal: sections that outlast the lease, for only then it
    /// matters whether they renew again.
    pub(super) fn long_hold(&mut self) -> Option<Span> {
        let lease = self.lease;
        let (one, other) = (
            self.chance.between(lease * 11 / 10, lease * 25 / 10),
            self.chance.between(lease * 11 / 10, lease * 25 / 10),
        );
        let span = millis(one.min(other))..=millis(one.max(other));
        self.chance.percent(70).then(|| span.into())
    }

    /// What can make a pause worse when the client goes on after it: the storage or the servers
    /// are down from before that until a little after, or cannot be reached; or the storage is so
    /// slow that the late write meets the first one of the next owner there.
    fn companion(&mut self, classic: &Fault) -> Fault {
        let (when, lasting) = self.about_the_end_of(classic);
        let disk = self.one_of(&[DiskLoss::Kept, DiskLoss::UnsyncedLost]);
        let kind = match self.below(6) {
            0 | 1 => Kind::Crash(Crash { target: Target::Storage.into(), lasting, disk }),
            2 => Kind::Crash(Crash { target: self.server().into(), lasting, disk }),
            3 | 4 => {
                let step = millis(self.one_of(&[20, 60, 150]));
                Kind::Slow(Slow { target: Target::Storage.into(), step, lasting })
            }
            _ => {
                let (from, to) = (Target::Subject.into(), Target::Servers.into());
                Kind::Cut(Cut { from, to, one_way: self.chance.percent(40), lasting })
            }
        };
        Fault { when, kind }
    }

    /// When and for how long a fault lasts that has to do with another one: it begins with it,
    /// while it lasts, or shortly before it ends. Deep failures need two faults that meet.
    fn around(&mut self, other: &Fault) -> (When, Lasting) {
        let lasts = self.millis_of(other.kind.lasting());
        let after = match self.below(4) {
            0 => 0,
            1 | 2 => self.chance.between(0, lasts),
            _ => return self.about_the_end_of(other),
        };
        let when = later(&other.when, millis(after.min(self.heal_at / 2)));
        let lasting = self.lasting(&when);
        (when, lasting)
    }

    /// From shortly before until shortly after the end of another fault.
    fn about_the_end_of(&mut self, other: &Fault) -> (When, Lasting) {
        let lasts = self.millis_of(other.kind.lasting());
        let ahead = self.chance.between(1, (self.lease / 2).min(lasts).max(1));
        let beyond = self.chance.between(1, 1_500);
        let when = later(&other.when, millis(lasts.saturating_sub(ahead)));
        (when, Lasting::For(millis(ahead + beyond)))
    }

    fn millis_of(&self, lasting: Lasting) -> u64 {
        match lasting {
            Lasting::For(time) => u64::try_from(time.as_millis()).unwrap_or(self.heal_at),
            Lasting::UntilHeal | Lasting::ForEver => self.heal_at / 2,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.chance.below(bound as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Mostly at an event, for most deep failures need a fault right after one: often exactly
    /// then, sometimes a little later.
    fn when(&mut self) -> When {
        if self.chance.percent(35) {
            return When::At(millis(self.chance.between(100, self.heal_at * 3 / 4)));
        }
        let nth = match self.chance.below(3) {
            0 => 1,
            1 => self.chance.between(1, 4),
            _ => self.chance.between(1, 25),
        };
        let after = match self.chance.below(4) {
            0 | 1 => 0,
            2 => self.chance.between(1, 12),
            _ => self.chance.between(1, self.lease.min(self.heal_at / 4)),
        };
        When::Event {
            event: self.trigger(),
            nth: nth as u32,
            at: Targets::default(),
            after: millis(after),
        }
    }

    /// An event that the lock shows: steps of agreement are for those that have to agree.
    fn trigger(&mut self) -> Trigger {
        use Trigger::{Began, Decided, InDoubt, Prepared, Voted};
        let agrees = [Began, Prepared, Voted, Decided, InDoubt];
        loop {
            let event = self.one_of(&Trigger::ALL);
            if self.servers > 1 || !agrees.contains(&event) {
                return event;
            }
        }
    }

    /// How long, so that it surely ends before the heal: for a moment, for a good part of a
    /// lease, or for longer than one.
    fn lasting(&mut self, when: &When) -> Lasting {
        let begins = match when {
            When::At(moment) => *moment,
            When::Event { after, .. } => *after,
        };
        let begins = u64::try_from(begins.as_millis()).unwrap_or(0);
        let left = self.heal_at.saturating_sub(begins).max(1);
        let lease = self.lease;
        let lasts = match self.chance.below(8) {
            0 => return Lasting::UntilHeal,
            1 | 2 => self.chance.between(1, 100),
            3..5 => self.chance.between(lease / 20 + 1, lease / 4 + 2),
            5 | 6 => self.chance.between(lease / 4 + 1, lease + 1),
            _ => self.chance.between(lease, lease * 3),
        };
        Lasting::For(millis(lasts.min(left)))
    }

    fn server(&mut self) -> Target {
        match self.below(6) {
            0 | 1 => Target::Leader,
            2 => Target::Minority,
            3 => Target::Majority,
            4 => Target::Servers,
            _ => Target::Server(ServerId::at(self.below(self.servers))),
        }
    }

    fn client(&mut self) -> Target {
        match self.below(6) {
            0..3 => Target::Holder,
            3 => Target::NextWaiter,
            4 => Target::Clients,
            _ => Target::Client(ClientId::at(self.below(self.clients))),
        }
    }

    fn nodes(&mut self, by_event: bool) -> Targets {
        match self.below(10) {
            0..3 if by_event => Target::Subject.into(),
            0..5 => self.server().into(),
            5..9 => self.client().into(),
            _ => Target::Storage.into(),
        }
    }

    /// One end of a link: anybody, or some.
    fn end(&mut self, by_event: bool) -> Targets {
        if self.chance.percent(40) { Targets::default() } else { self.nodes(by_event) }
    }

    fn links(&mut self, by_event: bool, lasting: Lasting) -> OnLinks {
        let percent = self.one_of(&[5, 20, 50, 100]);
        OnLinks { from: self.end(by_event), to: self.end(by_event), percent, lasting }
    }

    fn shift(&mut self) -> Shift {
        let by = millis(self.chance.between(1, self.lease * 2));
        Shift { back: self.chance.percent(50), by }
    }

    fn kind(&mut self, name: &str, lasting: Lasting, by_event: bool) -> Option<Kind> {
        let on = |target| OnNodes { target, lasting };
        Some(match name {
            "pause" => Kind::Pause(on(self.nodes(by_event))),
            "slow" => {
                let step = millis(self.one_of(&[1, 10, 60]));
                Kind::Slow(Slow { target: self.nodes(by_event), step, lasting })
            }
            "crash" => Kind::Crash(self.crash(lasting, by_event)),
            "cut" => {
                let (from, to) = (self.nodes(by_event), self.end(by_event));
                Kind::Cut(Cut { from, to, one_way: self.chance.percent(40), lasting })
            }
            "partition" => Kind::Partition(self.partition(lasting)),
            "loss" => Kind::Loss(self.links(by_event, lasting)),
            "duplicate" => Kind::Duplicate(self.links(by_event, lasting)),
            "delay" => {
                let by = Delay::Uniform(millis(1), millis(self.one_of(&[20, 150, 900])));
                Kind::Delay(SlowLinks {
                    from: self.end(by_event),
                    to: self.end(by_event),
                    by,
                    lasting,
                })
            }
            "reorder" => {
                let OnLinks { from, to, percent, lasting } = self.links(by_event, lasting);
                let by = millis(self.chance.between(5, 1_500));
                Kind::Reorder(Reorder { from, to, percent, by, lasting })
            }
            "clock-jump" => {
                let by = self.shift();
                Kind::ClockJump(ClockJump { target: self.nodes(by_event), by, lasting })
            }
            "clock-rate" => {
                let percent = self.one_of(&[50, 90, 95, 99, 101, 105, 110, 200]);
                Kind::ClockRate(ClockRate { target: self.nodes(by_event), percent, lasting })
            }
            "clock-strobe" => {
                let (by, every) = (self.shift(), millis(self.chance.between(20, 500)));
                Kind::ClockStrobe(ClockStrobe { target: self.nodes(by_event), by, every, lasting })
            }
            "clock-freeze" => Kind::ClockFreeze(on(self.nodes(by_event))),
            "disk-stall" => {
                let target = self.server_or_storage();
                Kind::DiskStall(on(target))
            }
            // The data must survive the storage, or they say nothing of the lock.
            "disk-lie" => Kind::DiskLie(on(self.server().into())),
            _ => return None,
        })
    }

    fn server_or_storage(&mut self) -> Targets {
        if self.chance.percent(80) { self.server().into() } else { Target::Storage.into() }
    }

    fn crash(&mut self, lasting: Lasting, by_event: bool) -> Crash {
        match self.below(9) {
            8 => Crash { target: Target::Storage.into(), lasting, disk: DiskLoss::UnsyncedLost },
            0..3 => {
                let disk = DiskLoss::UnsyncedLost;
                Crash { target: self.server_or_storage(), lasting, disk }
            }
            3 => Crash { target: self.server().into(), lasting, disk: DiskLoss::Wiped },
            4 => {
                let target = self.one_of(&[Target::Holder, Target::NextWaiter]).into();
                Crash { target, lasting: Lasting::ForEver, disk: DiskLoss::Kept }
            }
            _ => Crash { target: self.nodes(by_event), lasting, disk: DiskLoss::Kept },
        }
    }

    fn partition(&mut self, lasting: Lasting) -> Partition {
        if self.servers >= 3 && self.chance.percent(50) {
            let shape = self.one_of(&[Shape::Halves, Shape::Bridge, Shape::MajoritiesRing]);
            return Partition { sides: Vec::new(), shape: Some(shape), lasting };
        }
        let mut sides = [vec![], vec![]];
        for server in 0..self.servers {
            sides[self.below(2)].push(Target::Server(ServerId::at(server)));
        }
        for client in 0..self.clients {
            sides[self.below(2)].push(Target::Client(ClientId::at(client)));
        }
        if self.chance.percent(50) {
            sides[self.below(2)].push(Target::Storage);
        }
        // With everybody on one side there would be no partition.
        for empty in 0..2 {
            if sides[empty].is_empty()
                && let Some(moved) = sides[1 - empty].pop()
            {
                sides[empty].push(moved);
            }
        }
        let sides = sides.into_iter().filter(|side| !side.is_empty()).map(Targets).collect();
        Partition { sides, shape: None, lasting }
    }
}
