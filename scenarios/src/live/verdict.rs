//! Judges a live run when it is over: its journals, in the order of true time, through the same
//! observer as a simulated one.

use super::LiveRun;
use super::cluster::{Cluster, Happened};
use super::journal::Entry;
use super::replay::{Replay, Sink};
use super::strikes::is_emulated;
use locklab_protocols::contract::{Event, LockEvent, Portable, Servers};
use locklab_protocols::id::{NodeId, ServerId};
use locklab_protocols::system::{Packet, PacketOf, TimerOf};
use locklab_protocols::time::Time;
use locklab_sim::observer::Observer;
use locklab_sim::outcome::{Bites, Fate, Happening, Traced};
use std::collections::BTreeMap;
use std::time::Duration;

/// What judges: the observer, and what faults did to nodes.
struct Judge {
    observer: Observer,
    bites: Vec<u64>,
    /// Strikes after which no grant has come yet.
    waiting: Vec<(&'static str, Time)>,
    strikes: BTreeMap<&'static str, Vec<Duration>>,
}

impl Judge {
    fn trace(&mut self, at: Time, what: Happening) {
        if let Some(trace) = &mut self.observer.trace {
            trace.push(Traced { at, what });
        }
    }
}

impl<P: Portable> Sink<P> for Judge {
    fn seen(&mut self, at: Time, node: NodeId, event: Event) {
        if let Event::Lock(LockEvent::Granted { .. }) = event {
            for (kind, struck) in self.waiting.drain(..) {
                self.strikes.entry(kind).or_default().push(at.since(struck));
            }
        }
        self.observer.observe(at, node, event);
    }

    fn look(&mut self, at: Time, protocol: &P, servers: Servers<'_, P>, stepped: ServerId) {
        self.observer.look(at, protocol, servers, stepped);
    }

    /// Nobody here knows when it will arrive: it counts as handed to the network.
    fn sent(&mut self, at: Time, from: NodeId, to: NodeId, body: &PacketOf<P>) {
        if matches!(body, Packet::Lock(_)) {
            self.observer.measures.messages += 1;
        }
        let fate = Fate::Arrives(at);
        if self.observer.trace.is_some() {
            let message = format!("{body:?}");
            self.trace(at, Happening::Sent { from, to, message, fate });
        }
    }

    fn delivered(
        &mut self,
        at: Time,
        sent: Time,
        (from, to): (NodeId, NodeId),
        body: &PacketOf<P>,
    ) {
        if self.observer.trace.is_some() {
            let message = format!("{body:?}");
            self.trace(at, Happening::Delivered { from, to, message, sent });
        }
    }

    fn wrote(&mut self, node: NodeId) {
        self.observer.disk_write(node);
    }

    fn fired(&mut self, at: Time, node: NodeId, timer: &TimerOf<P>) {
        if self.observer.trace.is_some() {
            self.trace(at, Happening::Fired { node, timer: format!("{timer:?}") });
        }
    }

    fn bite(&mut self, fault: usize, times: u64) {
        self.bites[fault] += times;
    }
}

/// Judges a run whose nodes are dead.
pub(super) fn judge_from<P: Portable>(
    cluster: &mut Cluster<P>,
    end: Time,
    interrupted: bool,
) -> LiveRun {
    let setting = cluster.replay.setting().clone();
    let mut judge = Judge {
        observer: Observer::new(&setting.protocol, &cluster.plan, cluster.options().traces),
        bites: cluster.strikes.bites.clone(),
        waiting: Vec::new(),
        strikes: BTreeMap::new(),
    };
    for (sum, links) in judge.bites.iter_mut().zip(cluster.relay.bites()) {
        *sum += links;
    }
    let mut replay = Replay::new(setting, cluster.halts().clone());
    let mut happened = std::mem::take(&mut cluster.happened);
    // Entries of one node are in order, and the sort leaves them so.
    happened.sort_by_key(|(at, _)| *at);
    for (at, what) in happened.into_iter().take_while(|(at, _)| *at <= end) {
        match what {
            Happened::Entry(slot, said) => {
                if let Ok(entry) = postcard::from_bytes::<Entry<P>>(&said) {
                    replay.entry(slot, entry, &mut judge);
                }
            }
            Happened::Outside(slot, what) => replay.outside(at, slot, &what, &mut judge),
            Happened::FaultBegins(fault, nodes, what) => {
                judge.waiting.push((cluster.plan.faults[fault].kind.name(), at));
                judge.trace(at, Happening::FaultBegins { fault, nodes, what });
            }
            Happened::FaultEnds(fault) => judge.trace(at, Happening::FaultEnds { fault }),
        }
    }
    let faults = cluster.plan.faults.iter().zip(judge.bites).enumerate();
    let bites = faults.map(|(position, (fault, count))| Bites {
        kind: fault.kind.name(),
        struck: cluster.strikes.struck[position],
        ended: cluster.strikes.ended[position],
        count,
        ..Bites::default()
    });
    let bites = if cluster.options().pools_bites { pooled(bites) } else { bites.collect() };
    let mut emulated: Vec<&'static str> =
        cluster.plan.faults.iter().filter_map(|fault| is_emulated(&fault.kind)).collect();
    emulated.sort_unstable();
    emulated.dedup();
    let strikes = judge.strikes;
    let outcome = judge.observer.finish(cluster.seed, replay.steps(), end, bites);
    LiveRun { outcome, notes: cluster.notes(), emulated, strikes, interrupted }
}

/// How often the faults of each kind were felt.
fn pooled(bites: impl Iterator<Item = Bites>) -> Vec<Bites> {
    let mut kinds: BTreeMap<&'static str, Bites> = BTreeMap::new();
    for one in bites {
        match kinds.get_mut(one.kind) {
            Some(kind) => {
                kind.struck = kind.struck.or(one.struck);
                kind.ended = kind.ended.max(one.ended);
                kind.count += one.count;
            }
            None => drop(kinds.insert(one.kind, one)),
        }
    }
    kinds.into_values().collect()
}
