//! The host of a live run: it starts the nodes, hears their journals, and lets faults strike.

mod hearing;
mod seats;

pub(super) use seats::Seat;

use super::clocks::Epoch;
use super::folder::Folder;
use super::journal::Entry;
use super::relay::Relay;
use super::replay::{Outside, Replay, Sink};
use super::strikes::Strikes;
use super::verdict::judge_from;
use super::{LiveError, LiveRun, Options, fresh_number};
use crate::scenario::Scenario;
use locklab_protocols::contract::{Event, HostEvent, LockEvent, Portable, Servers, Trigger};
use locklab_protocols::id::{ClientId, NodeId, ServerId};
use locklab_protocols::system::{PacketOf, Setting, System, TimerOf};
use locklab_protocols::time::Time;
use locklab_sim::Plan;
use locklab_sim::fault::{Lasting, When};
use locklab_sim::observer::Roles;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long nodes may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the host sleeps at the most.
const GLANCE: Duration = Duration::from_millis(50);

/// For how long at least a run goes on after the heal.
const AFTER_HEAL: Duration = Duration::from_secs(3);

/// Something that happened in a run, to be put in the order of true time.
#[derive(Debug)]
pub(super) enum Happened {
    /// An entry of the journal of a node.
    Entry(usize, Vec<u8>),
    /// Something happened to a node from outside.
    Outside(usize, Outside),
    /// A fault of the plan strikes these nodes.
    FaultBegins(usize, Vec<NodeId>, String),
    /// A fault of the plan ends.
    FaultEnds(usize),
}

/// What the host is to do at some time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Strike { fault: usize, subject: Option<usize> },
    Relief { strike: u64 },
    Strobe { strike: u64 },
    Heal,
}

/// What comes from the thread that hears a node: which node, in which life, what.
type Heard = (usize, u32, Option<Vec<u8>>);

/// A live run.
pub(super) struct Cluster<P: Portable> {
    name: String,
    scenario: String,
    pub(super) plan: Plan,
    options: Options,
    folder: Folder,
    run: u64,
    pub(super) seed: u64,
    pub(super) epoch: Epoch,
    pub(super) seats: Vec<Seat>,
    pub(super) relay: Relay,
    ports: Vec<(NodeId, SocketAddr)>,
    pub(super) replay: Replay<P>,
    pub(super) online: Online,
    pub(super) happened: Vec<(Time, Happened)>,
    pub(super) agenda: BTreeMap<(Time, u64), Act>,
    acts: u64,
    pub(super) strikes: Strikes,
    halts: BTreeSet<Trigger>,
    notes: Vec<String>,
    refused: BTreeMap<usize, (u64, String)>,
    hears: mpsc::UnboundedReceiver<Heard>,
    speaks: mpsc::UnboundedSender<Heard>,
}

/// What the host has to know while the run goes on.
#[derive(Debug, Default)]
pub(super) struct Online {
    pub(super) roles: Roles,
    healed: bool,
    /// Which clients were granted a lock since the heal.
    served: BTreeSet<ClientId>,
}

impl<P: Portable> Sink<P> for Online {
    fn seen(&mut self, at: Time, node: NodeId, event: Event) {
        if let NodeId::Client(client) = node {
            self.roles.observe(at, client, &event);
            if self.healed && matches!(event, Event::Lock(LockEvent::Granted { .. })) {
                self.served.insert(client);
            }
        }
    }
    fn look(&mut self, _: Time, _: &P, _: Servers<'_, P>, _: ServerId) {}
    fn sent(&mut self, _: Time, _: NodeId, _: NodeId, _: &PacketOf<P>) {}
    fn delivered(&mut self, _: Time, _: Time, _: (NodeId, NodeId), _: &PacketOf<P>) {}
    fn wrote(&mut self, _: NodeId) {}
    fn fired(&mut self, _: Time, _: NodeId, _: &TimerOf<P>) {}
    fn bite(&mut self, _: usize, _: u64) {}
}

/// Runs a scenario with real processes.
pub(super) async fn play<P: Portable>(
    protocol: &P,
    scenario: &Scenario,
    options: &Options,
) -> Result<LiveRun, LiveError> {
    let mut cluster = Cluster::new(protocol.clone(), scenario, options)?;
    let played = cluster.play().await;
    let end = cluster.epoch.time();
    cluster.end_all().await;
    let result = played.map(|interrupted| judge_from(&mut cluster, end, interrupted));
    let Cluster { folder, seats, .. } = cluster;
    drop(seats);
    folder.remove();
    result
}

impl<P: Portable> Cluster<P> {
    fn new(protocol: P, scenario: &Scenario, options: &Options) -> Result<Self, LiveError> {
        let plan = scenario.plan();
        let setting = Setting {
            protocol,
            clients: plan.clients,
            workload: plan.workload.clone(),
            fencing: plan.fencing,
        };
        let name = setting.protocol.name().to_owned();
        let waited_for = plan.faults.iter().filter_map(|fault| match &fault.when {
            When::At(_) => None,
            When::Event { event, .. } => Some(*event),
        });
        let halts: BTreeSet<Trigger> = waited_for.collect();
        let folder = Folder::new(&options.program).map_err(LiveError::io("make a folder"))?;
        let replay = Replay::new(setting.clone(), halts.clone());
        let nodes: Vec<NodeId> = System::new(&setting).nodes().collect();
        let (run, seed) = (fresh_number(), options.seed);
        let epoch = Epoch::now();
        let relay =
            Relay::new(&nodes, &plan.network, plan.faults.len(), (run, seed), options.transport);
        let seat = |id: &NodeId| Seat::new(*id, folder.path().join(id.to_string()));
        let seats = nodes.iter().map(seat).collect();
        let (speaks, hears) = mpsc::unbounded_channel();
        Ok(Self {
            name,
            scenario: scenario.to_toml(),
            strikes: Strikes::new(&plan.faults),
            plan,
            options: options.clone(),
            folder,
            run,
            seed,
            epoch,
            seats,
            relay,
            ports: Vec::new(),
            replay,
            online: Online::default(),
            happened: Vec::new(),
            agenda: BTreeMap::new(),
            acts: 0,
            halts,
            notes: Vec::new(),
            refused: BTreeMap::new(),
            hears,
            speaks,
        })
    }

    /// Plays the run; says whether somebody stopped it.
    async fn play(&mut self) -> Result<bool, LiveError> {
        self.start_all().await?;
        loop {
            let now = self.epoch.time();
            while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
                let act = entry.remove();
                self.act(act)?;
            }
            if self.options.stop.load(Ordering::Relaxed) {
                return Ok(true);
            }
            if self.is_settled(now) {
                return Ok(false);
            }
            let next = self.agenda.first_key_value().map_or(GLANCE, |((at, _), _)| at.since(now));
            tokio::select! {
                biased;
                heard = self.hears.recv() => {
                    let Some(heard) = heard else { return Ok(true) };
                    self.hear(heard)?;
                    // Much may have come at once.
                    for _ in 0..256 {
                        let Ok(heard) = self.hears.try_recv() else { break };
                        self.hear(heard)?;
                    }
                    // The relay gets its turn.
                    tokio::task::yield_now().await;
                }
                () = tokio::time::sleep(next.min(GLANCE)) => {}
            }
        }
    }

    /// Whether the run may end: the time is over, or everybody has been served after the heal.
    fn is_settled(&self, now: Time) -> bool {
        let heal = Time::ZERO + self.plan.heal_at;
        if now < heal + AFTER_HEAL.min(self.plan.settle) {
            return false;
        }
        // A dead owner's lock must come free; that takes the time that it takes.
        let for_ever = |fault: &locklab_sim::fault::Fault| fault.kind.lasting() == Lasting::ForEver;
        let all_served = || {
            let servers = self.seats.len() - 1 - self.plan.clients;
            let lives = |slot: &usize| self.seats[*slot].down.is_empty();
            let clients = (servers..self.seats.len() - 1).filter(lives);
            clients
                .into_iter()
                .all(|slot| self.online.served.contains(&ClientId::at(slot - servers)))
        };
        now > heal + self.plan.settle || (!self.plan.faults.iter().any(for_ever) && all_served())
    }

    async fn start_all(&mut self) -> Result<(), LiveError> {
        self.ports = self.relay.open().await.map_err(LiveError::io("open a port"))?;
        for slot in 0..self.seats.len() {
            self.spawn(slot)?;
        }
        let mut addresses = BTreeMap::new();
        let all = async {
            while addresses.len() < self.seats.len() {
                let Some((slot, _, said)) = self.hears.recv().await else { break };
                let Some(said) = said else { return Err(self.died(slot)) };
                match self.read(slot, &said)? {
                    Entry::Listening(address) => drop(addresses.insert(slot, address)),
                    entry => self.take(slot, entry, said)?,
                }
            }
            Ok(())
        };
        let started = tokio::time::timeout(PATIENCE, all).await;
        started.map_err(|_| LiveError::Slow(PATIENCE))??;
        self.epoch = Epoch::now();
        self.relay.begin(self.epoch);
        for (slot, address) in addresses {
            self.relay.reach(slot, address);
            if self.options.direct {
                self.ports[slot].1 = address;
            }
        }
        self.plan_ahead();
        let servers = self.replay.setting().protocol.servers();
        let storage = self.seats.len() - 1;
        for slot in (0..servers).chain([storage]).chain(servers..storage) {
            self.begin(slot);
        }
        Ok(())
    }

    fn plan_ahead(&mut self) {
        for (fault, what) in self.plan.faults.clone().iter().enumerate() {
            if let When::At(moment) = what.when {
                self.later(Time::ZERO + moment, Act::Strike { fault, subject: None });
            }
        }
        self.later(Time::ZERO + self.plan.heal_at, Act::Heal);
        if self.relay.disturbed() {
            for slot in 0..self.seats.len() {
                self.record(slot, Outside::Event(HostEvent::Afflicted));
            }
        }
    }

    pub(super) fn later(&mut self, at: Time, act: Act) {
        self.acts += 1;
        self.agenda.insert((at, self.acts), act);
    }

    /// Something happens to a node from outside, now.
    pub(super) fn record(&mut self, slot: usize, what: Outside) {
        let at = self.epoch.time();
        self.replay.outside(at, slot, &what, &mut self.online);
        self.happened.push((at, Happened::Outside(slot, what)));
    }

    fn act(&mut self, act: Act) -> Result<(), LiveError> {
        match act {
            Act::Strike { fault, subject } => self.strike(fault, subject),
            Act::Relief { strike } => self.relieve(strike),
            Act::Strobe { strike } => {
                self.strobe(strike);
                Ok(())
            }
            Act::Heal => {
                self.heal()?;
                self.online.healed = true;
                Ok(())
            }
        }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn halts(&self) -> &BTreeSet<Trigger> {
        &self.halts
    }

    /// What a person may want to know besides.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        for (slot, (times, why)) in &self.refused {
            let node = self.seats[*slot].id;
            notes.push(format!("{node} refused {times} frames or more, the last because {why}"));
        }
        if let Some((times, why)) = self.relay.refused() {
            notes.push(format!("the relay refused {times} frames, the last because {why}"));
        }
        notes
    }
}
