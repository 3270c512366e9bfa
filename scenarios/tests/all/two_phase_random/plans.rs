//! Random plans, over the whole vocabulary but for disks that forget what they synced, and for
//! wall clocks that are set wrong: nobody in this family looks at one, so that cannot bite.

use locklab_protocols::application::{LockOrder, Workload};
use locklab_protocols::contract::Trigger;
use locklab_protocols::id::{ClientId, ServerId};
use locklab_protocols::storage::Fencing;
use locklab_protocols::two_phase::{Conflict, Placement, Settings, TwoPhase};
use locklab_scenarios::scenario::Scenario;
use locklab_sim::chance::Chance;
use locklab_sim::fault::{
    ClockRate, Crash, Cut, DiskLoss, Fault, Kind, Lasting, OnLinks, OnNodes, Partition, Reorder,
    Shape, Slow, SlowLinks, Target, Targets, When,
};
use locklab_sim::network::Delay;
use std::time::Duration;

const POLICIES: [Conflict; 4] =
    [Conflict::Refuse, Conflict::WaitDie, Conflict::WoundWait, Conflict::Wait];

/// When all faults end.
const HEAL: Duration = Duration::from_secs(12);

/// The lock and the scenario of a seed.
pub(crate) fn draw(seed: u64) -> (TwoPhase, Scenario) {
    let mut chance = Chance::new(seed, &"plan");
    let lock = lock(&mut chance);
    let mut scenario = Scenario::new("random");
    scenario.clients = chance.between(2, 5) as usize;
    scenario.fencing = *pick(&mut chance, &[Fencing::Writes, Fencing::ReadsAndWrites]);
    scenario.heal_at = HEAL;
    scenario.settle = Duration::from_secs(40);
    scenario.workload = workload(&mut chance);
    if chance.percent(30) {
        scenario.network.loss_percent = chance.between(0, 3) as u32;
        scenario.network.duplicate_percent = chance.between(0, 20) as u32;
    }
    // Swarm testing: half of the kinds are switched off.
    let kinds: Vec<u64> = (0..13).filter(|_| chance.percent(50)).collect();
    if !kinds.is_empty() {
        for _ in 0..chance.between(1, 5) {
            let kind = *pick(&mut chance, &kinds);
            scenario.faults.push(fault(&mut chance, kind, &lock, scenario.clients));
        }
    }
    (lock, scenario)
}

fn lock(chance: &mut Chance) -> TwoPhase {
    let conflict = *pick(chance, &POLICIES);
    let lease = *pick(chance, &[Some(10), Some(6), Some(4), None]);
    let placement = *pick(chance, &[Placement::Everywhere, Placement::Spread]);
    let settings = Settings {
        coordinators: *pick(chance, &[1, 1, 2, 3]),
        participants: chance.between(1, 4) as usize,
        lease: lease.map(Duration::from_secs),
        placement,
        ..TwoPhase::with(conflict).settings
    };
    TwoPhase { settings }
}

fn workload(chance: &mut Chance) -> Workload {
    let locks = chance.between(1, 4) as u32;
    Workload {
        locks,
        locks_at_once: chance.between(1, u64::from(locks)) as u32,
        order: *pick(chance, &[LockOrder::Set, LockOrder::Set, LockOrder::Global, LockOrder::Own]),
        think: (millis(20)..=millis(300)).into(),
        hold: (millis(20)..=millis(300)).into(),
        ..Workload::default()
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn pick<'a, T>(chance: &mut Chance, from: &'a [T]) -> &'a T {
    &from[chance.below(from.len() as u64) as usize]
}

fn when(chance: &mut Chance) -> When {
    if chance.percent(40) {
        return When::At(millis(chance.between(0, 9_000)));
    }
    let event = *pick(chance, &Trigger::ALL);
    let nth = chance.between(1, 9) as u32;
    let after = if chance.percent(50) { millis(0) } else { millis(chance.between(1, 20)) };
    When::Event { event, nth, at: Targets::default(), after }
}

/// A server or a client, by number or by role.
fn node(chance: &mut Chance, lock: &TwoPhase, clients: usize) -> Target {
    let servers = (lock.settings.coordinators + lock.settings.participants) as u64;
    match chance.below(10) {
        0 => Target::Holder,
        1 => Target::NextWaiter,
        2 => Target::Servers,
        3 => Target::Client(ClientId(chance.between(1, clients as u64) as u32)),
        4 | 5 => Target::Leader,
        6 => Target::Storage,
        _ => Target::Server(ServerId(chance.between(1, servers) as u32)),
    }
}

fn lasting(chance: &mut Chance) -> Lasting {
    let longest = *pick(chance, &[50, 500, 2_000, 3_000]);
    Lasting::For(millis(chance.between(10, longest)))
}

fn fault(chance: &mut Chance, kind: u64, lock: &TwoPhase, clients: usize) -> Fault {
    let when = when(chance);
    let mut target = Targets::from(node(chance, lock, clients));
    if matches!(when, When::Event { .. }) && chance.percent(50) {
        target = Targets::from(Target::Subject);
    }
    let (from, to) = (target.clone(), Targets::from(node(chance, lock, clients)));
    let lasting = lasting(chance);
    let percent = chance.between(5, 60) as u32;
    let by = millis(chance.between(5, 1_500));
    let kind = match kind {
        0 => Kind::Pause(OnNodes { target, lasting }),
        1 => Kind::Slow(Slow { target, step: millis(chance.between(1, 60)), lasting }),
        2 | 3 => {
            let disk = *pick(chance, &[DiskLoss::Kept, DiskLoss::UnsyncedLost]);
            // While the storage is gone, whoever holds a lock goes on holding it.
            let may_stay_down = !matches!(target.0[..], [Target::Storage | Target::Subject]);
            let for_ever = may_stay_down && chance.percent(10);
            let lasting = if for_ever { Lasting::ForEver } else { lasting };
            Kind::Crash(Crash { target, lasting, disk })
        }
        4 => Kind::Cut(Cut { from, to, one_way: chance.percent(50), lasting }),
        5 => {
            let shape = *pick(chance, &[Shape::Halves, Shape::Bridge, Shape::MajoritiesRing]);
            let (sides, shape) = match chance.percent(50) {
                true => (Vec::new(), Some(shape)),
                false => (vec![from, to], None),
            };
            Kind::Partition(Partition { sides, shape, lasting })
        }
        6 => Kind::Loss(OnLinks { from: Targets::default(), to, percent, lasting }),
        7 => Kind::Duplicate(OnLinks { from, to: Targets::default(), percent, lasting }),
        8 => Kind::Delay(SlowLinks { from, to, by: Delay::Uniform(millis(1), by), lasting }),
        9 => Kind::Reorder(Reorder {
            from: Targets::default(),
            to: Targets::default(),
            percent,
            by,
            lasting,
        }),
        10 | 11 => {
            let percent = chance.between(85, 115) as u32;
            Kind::ClockRate(ClockRate { target, percent, lasting })
        }
        _ => Kind::DiskStall(OnNodes { target, lasting }),
    };
    Fault { when, kind }
}
