//! Draws a lock service and a scenario: which kinds of faults there are at all (swarm testing, Groce
//! et al. 2012), and what they strike, when, and for how long.

use locklab_protocols::application::{LockOrder, Workload};
use locklab_protocols::contract::Trigger;
use locklab_protocols::id::{ClientId, ServerId};
use locklab_protocols::raft::{Raft, Settings};
use locklab_protocols::storage::Fencing;
use locklab_scenarios::scenario::Scenario;
use locklab_sim::chance::Chance;
use locklab_sim::fault::{
    ClockRate, Crash, Cut, DiskLoss, Fault, Kind, Lasting, OnLinks, OnNodes, Partition, Reorder,
    Shape, Slow, SlowLinks, Target, Targets, When,
};
use locklab_sim::network::Delay;
use std::time::Duration;

/// When all faults of a drawn scenario end.
const HEAL_AT: u64 = 14_000;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The lock service and the scenario of a seed.
pub(crate) fn draw(seed: u64) -> (Raft, Scenario) {
    let mut draw = Draw { chance: Chance::new(seed, &"plan"), servers: 5, clients: 3 };
    draw.servers = *draw.one_of(&[3, 5, 5, 5, 7]);
    draw.clients = draw.chance.between(2, 5) as usize;
    let raft = Raft { servers: draw.servers, settings: draw.settings() };
    let mut scenario = Scenario::new("random")
        .clients(draw.clients)
        .fencing(*draw.one_of(&[Fencing::Writes, Fencing::ReadsAndWrites]))
        .workload(draw.workload())
        .sync_time(millis(*draw.one_of(&[1, 1, 5, 30])))
        .heal_at(millis(HEAL_AT))
        .settle(Duration::from_secs(31))
        .progress_within(Duration::from_secs(30));
    let kinds: Vec<u64> = (0..KINDS).filter(|_| draw.chance.percent(40)).collect();
    let count = draw.chance.between(1, 6);
    scenario.faults = (0..count).filter_map(|_| draw.fault(&kinds)).collect();
    (raft, scenario)
}

/// How many kinds of faults are drawn. Those of wall clocks are left out, for the lock service
/// has none, and wiped disks and disks that lie, for they are outside its promises.
const KINDS: u64 = 12;

struct Draw {
    chance: Chance,
    servers: usize,
    clients: usize,
}

impl Draw {
    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.chance.below(all.len() as u64) as usize]
    }

    /// Seldom enough for leases to end in between.
    fn often(&mut self, percent: u32, lease: Duration) -> Option<Duration> {
        let every = lease * 3 / 2 + millis(self.chance.below(4_000));
        self.chance.percent(percent).then_some(every)
    }

    fn settings(&mut self) -> Settings {
        let lease = millis(*self.one_of(&[1_000, 1_000, 2_000, 4_000, 8_000]));
        Settings {
            lease,
            acquire_timeout: millis(*self.one_of(&[0, 1_000, 4_000, 10_000])),
            query_every: millis(*self.one_of(&[20, 100, 1_000])),
            snapshot_every: *self.one_of(&[4, 16, 64, 128]),
            snapshot_chunk: *self.one_of(&[1, 3, 16]),
            append_limit: *self.one_of(&[1, 4, 64]),
            transfer_every: self.often(40, lease),
            reconfigure_every: self.often(40, lease / 2),
            ..Settings::default()
        }
    }

    fn workload(&mut self) -> Workload {
        let locks = self.chance.between(1, 3) as u32;
        let most = self.chance.between(1, 600);
        Workload {
            locks,
            locks_at_once: self.chance.between(1, u64::from(locks)) as u32,
            order: *self.one_of(&[LockOrder::Global, LockOrder::Set]),
            depth: *self.one_of(&[1, 1, 2]),
            think: (millis(10)..=millis(400)).into(),
            hold: (millis(1)..=millis(most)).into(),
            ..Workload::default()
        }
    }

    fn when(&mut self) -> When {
        if self.chance.percent(60) {
            return When::At(millis(self.chance.between(300, HEAL_AT - 2_000)));
        }
        When::Event {
            event: *self.one_of(&[
                Trigger::Acquires,
                Trigger::Granted,
                Trigger::LeaseGranted,
                Trigger::Renewed,
                Trigger::Expired,
                Trigger::Released,
                Trigger::Checked,
            ]),
            nth: self.chance.between(1, 12) as u32,
            at: Targets::default(),
            after: millis(self.chance.below(20)),
        }
    }

    fn lasting(&mut self) -> Lasting {
        match self.chance.below(8) {
            0 => Lasting::UntilHeal,
            1..4 => Lasting::For(millis(self.chance.between(1, 200))),
            _ => Lasting::For(millis(self.chance.between(200, 8_000))),
        }
    }

    fn server(&mut self) -> Target {
        match self.chance.below(6) {
            0 | 1 => Target::Leader,
            2 => Target::Minority,
            3 => Target::Majority,
            4 => Target::Servers,
            _ => Target::Server(ServerId::at(self.chance.below(self.servers as u64) as usize)),
        }
    }

    fn client(&mut self) -> Target {
        match self.chance.below(4) {
            0 | 1 => Target::Holder,
            2 => Target::NextWaiter,
            _ => Target::Client(ClientId::at(self.chance.below(self.clients as u64) as usize)),
        }
    }

    fn nodes(&mut self) -> Targets {
        if self.chance.percent(70) { self.server().into() } else { self.client().into() }
    }

    /// One end of a link: anybody, or some.
    fn end(&mut self) -> Targets {
        if self.chance.percent(40) { Targets::default() } else { self.nodes() }
    }

    /// A fault of one of these kinds.
    fn fault(&mut self, kinds: &[u64]) -> Option<Fault> {
        if kinds.is_empty() {
            return None;
        }
        let kind = *self.one_of(kinds);
        let (when, lasting) = (self.when(), self.lasting());
        Some(Fault { when, kind: self.kind(kind, lasting) })
    }

    fn kind(&mut self, kind: u64, lasting: Lasting) -> Kind {
        match kind {
            0 => Kind::Pause(OnNodes { target: self.nodes(), lasting }),
            1 => {
                let step = millis(self.chance.between(1, 60));
                Kind::Slow(Slow { target: self.nodes(), step, lasting })
            }
            2 => Kind::Crash(Crash { target: self.nodes(), lasting, disk: DiskLoss::Kept }),
            3 => {
                let target = self.server().into();
                Kind::Crash(Crash { target, lasting, disk: DiskLoss::UnsyncedLost })
            }
            4 => {
                let (from, to) = (self.nodes(), self.end());
                Kind::Cut(Cut { from, to, one_way: self.chance.percent(40), lasting })
            }
            5 => self.partition(lasting),
            6 => Kind::Loss(self.links(lasting)),
            7 => Kind::Duplicate(self.links(lasting)),
            8 => {
                let by = Delay::Uniform(millis(1), millis(self.chance.between(5, 900)));
                Kind::Delay(SlowLinks { from: self.end(), to: self.end(), by, lasting })
            }
            9 => {
                let by = millis(self.chance.between(5, 1_500));
                let percent = self.chance.between(5, 60) as u32;
                Kind::Reorder(Reorder { from: self.end(), to: self.end(), percent, by, lasting })
            }
            10 => {
                let percent = *self.one_of(&[30, 70, 90, 95, 105, 110, 150, 300]);
                Kind::ClockRate(ClockRate { target: self.nodes(), percent, lasting })
            }
            _ => Kind::DiskStall(OnNodes { target: self.server().into(), lasting }),
        }
    }

    fn links(&mut self, lasting: Lasting) -> OnLinks {
        let percent = self.chance.between(5, 60) as u32;
        OnLinks { from: self.end(), to: self.end(), percent, lasting }
    }

    fn partition(&mut self, lasting: Lasting) -> Kind {
        match self.chance.below(3) {
            0 => {
                let shapes = [Shape::Halves, Shape::Bridge, Shape::MajoritiesRing];
                let shape = Some(*self.one_of(&shapes));
                Kind::Partition(Partition { sides: Vec::new(), shape, lasting })
            }
            1 => self.around_the_leader(lasting),
            _ => self.at_random(lasting),
        }
    }

    /// The leader alone, with a minority or with a majority; the holder with it, with the others,
    /// or with both.
    fn around_the_leader(&mut self, lasting: Lasting) -> Kind {
        let (with, without) = *self.one_of(&[
            (Target::Leader, Target::Followers),
            (Target::LeaderMinority, Target::OtherMajority),
            (Target::LeaderMajority, Target::OtherMinority),
        ]);
        let mut sides = vec![Targets::from(with), Targets::from(without)];
        if let Some(side) = sides.get_mut(self.chance.below(3) as usize) {
            side.0.push(Target::Holder);
        }
        Kind::Partition(Partition { sides, shape: None, lasting })
    }

    fn at_random(&mut self, lasting: Lasting) -> Kind {
        let mut sides = [vec![], vec![]];
        for server in 0..self.servers {
            sides[usize::from(self.chance.percent(50))].push(Target::Server(ServerId::at(server)));
        }
        for client in 0..self.clients {
            sides[usize::from(self.chance.percent(50))].push(Target::Client(ClientId::at(client)));
        }
        let sides = sides.into_iter().filter(|side| !side.is_empty()).map(Targets).collect();
        Kind::Partition(Partition { sides, shape: None, lasting })
    }
}
