//! Draws as it hears: the stream of what happened becomes lanes, arrows, bars and bands.

use super::{Arrow, ArrowFate, Band, Bar, Diagram, Shown};
use locklab_protocols::contract::{
    Event, HostEvent, LeaseEvent, LockEvent, Observation, StorageEvent, WorkEvent,
};
use locklab_protocols::id::{ClientId, LockId, NodeId, Owner, Token};
use locklab_protocols::time::Time;
use locklab_scenarios::sim::outcome::{Fate, Happening};
use locklab_scenarios::story::gist;
use std::collections::{BTreeMap, BTreeSet};

/// Follows a run and draws it. Lanes are nodes until the end, when they get their places.
#[derive(Debug, Default)]
pub(super) struct Scribe {
    nodes: BTreeSet<NodeId>,
    messages: Vec<Sketch>,
    /// Messages that are on their way, by link and moment of sending.
    flying: BTreeMap<(NodeId, NodeId, Time), Vec<usize>>,
    beliefs: Vec<Span>,
    believes: BTreeMap<(ClientId, LockId), Belief>,
    accounts: Vec<Span>,
    owns: BTreeMap<(LockId, Owner), Time>,
    /// Owners whose lease was ended or given back in the step that is being told.
    ended: BTreeMap<(LockId, Owner), &'static str>,
    bands: Vec<Wrong>,
    standing: BTreeMap<NodeId, (Time, &'static str)>,
    faults: BTreeMap<usize, Vec<(Time, Vec<NodeId>, String)>>,
    tokens: Vec<(NodeId, Time, Option<Token>, ClientId, &'static str)>,
}

#[derive(Debug)]
struct Sketch {
    from: NodeId,
    to: NodeId,
    sent: Time,
    arrived: Option<Time>,
    fate: ArrowFate,
    text: String,
}

#[derive(Debug)]
struct Belief {
    since: Time,
    depth: u32,
    token: Option<Token>,
}

#[derive(Debug)]
struct Span {
    client: ClientId,
    lock: LockId,
    from: Time,
    to: Time,
    token: Option<Token>,
    end: &'static str,
}

#[derive(Debug)]
struct Wrong {
    nodes: Vec<NodeId>,
    kind: &'static str,
    from: Time,
    to: Time,
    text: String,
}

impl Scribe {
    /// Takes the next happening.
    pub(super) fn hear(&mut self, at: Time, what: &Happening) {
        match what {
            Happening::Seen(seen) => self.seen(at, seen),
            Happening::Sent { from, to, message, fate } => {
                let position = self.messages.len();
                let fate = match fate {
                    Fate::Arrives(_) => ArrowFate::Undelivered,
                    Fate::Lost => ArrowFate::Lost,
                    Fate::Cut => ArrowFate::Cut,
                };
                if fate == ArrowFate::Undelivered {
                    self.flying.entry((*from, *to, at)).or_default().push(position);
                }
                self.message(*from, *to, at, (None, fate), message);
            }
            Happening::Delivered { from, to, message, sent } => {
                let text = gist(message);
                let flying = self.flying.entry((*from, *to, *sent)).or_default();
                let messages = &mut self.messages;
                let found = flying.iter().position(|sketch| messages[*sketch].text == text);
                match found {
                    Some(found) => {
                        let sketch = &mut messages[flying.remove(found)];
                        (sketch.arrived, sketch.fate) = (Some(at), ArrowFate::Delivered);
                    }
                    None => {
                        self.message(*from, *to, *sent, (Some(at), ArrowFate::Copy), message);
                    }
                }
            }
            Happening::Fired { node, .. } => {
                self.nodes.insert(*node);
            }
            Happening::FaultBegins { fault, nodes, what } => {
                let begun = (at, nodes.clone(), what.clone());
                self.faults.entry(*fault).or_default().push(begun);
            }
            Happening::FaultEnds { fault } => {
                let begun = self.faults.get_mut(fault).and_then(Vec::pop);
                if let Some((from, nodes, text)) = begun {
                    self.band(nodes, "fault", (from, at), text);
                }
            }
        }
    }

    fn message(
        &mut self,
        from: NodeId,
        to: NodeId,
        sent: Time,
        (arrived, fate): (Option<Time>, ArrowFate),
        message: &str,
    ) {
        self.nodes.extend([from, to]);
        let text = gist(message);
        self.messages.push(Sketch { from, to, sent, arrived, fate, text });
    }

    fn band(
        &mut self,
        nodes: Vec<NodeId>,
        kind: &'static str,
        (from, to): (Time, Time),
        text: String,
    ) {
        // Pauses and crashes are drawn where they happen, node by node.
        let by_nodes = text.starts_with("pause of ") || text.starts_with("crash of ");
        if kind != "fault" || !by_nodes {
            self.bands.push(Wrong { nodes, kind, from, to, text });
        }
    }

    fn seen(&mut self, at: Time, seen: &Observation) {
        self.nodes.insert(seen.node);
        match (&seen.event, seen.node) {
            (Event::Lock(event), NodeId::Client(client)) => self.told(at, client, *event),
            (Event::Work(WorkEvent::Releases { lock }), NodeId::Client(client)) => {
                self.believes_less(at, client, *lock, (1, "released"));
            }
            (Event::Lease(event), _) => self.leases(*event),
            (Event::LeaseEnded { lock, owner }, _) => {
                // The account may have dropped the owner before this is told.
                self.ended.insert((*lock, *owner), "expired");
                let told = self.accounts.iter_mut().rev();
                let same = |span: &&mut Span| span.to == at && span.client == owner.client;
                if let Some(span) = told.take_while(|span| span.to == at).find(same) {
                    span.end = "expired";
                }
            }
            (Event::Owners { lock, owners }, _) => self.owned(at, *lock, owners),
            (Event::Storage(event), _) => self.stored(at, *event),
            (Event::Host(event), node) => self.hosted(at, node, *event),
            _ => {}
        }
    }

    fn told(&mut self, at: Time, client: ClientId, event: LockEvent) {
        match event {
            LockEvent::Granted { lock, token } => {
                let new = Belief { since: at, depth: 0, token };
                let belief = self.believes.entry((client, lock)).or_insert(new);
                belief.depth += 1;
                self.tokens.push((client.into(), at, token, client, "granted"));
            }
            LockEvent::Lost { lock } => {
                self.believes_less(at, client, lock, (u32::MAX, "lost"));
            }
            LockEvent::Refused { .. } | LockEvent::Released { .. } => {}
        }
    }

    fn believes_less(
        &mut self,
        at: Time,
        client: ClientId,
        lock: LockId,
        (grants, end): (u32, &'static str),
    ) {
        let Some(belief) = self.believes.get_mut(&(client, lock)) else { return };
        belief.depth = belief.depth.saturating_sub(grants);
        if belief.depth == 0 {
            let (from, token) = (belief.since, belief.token);
            self.believes.remove(&(client, lock));
            self.beliefs.push(Span { client, lock, from, to: at, token, end });
        }
    }

    fn leases(&mut self, event: LeaseEvent) {
        match event {
            LeaseEvent::Released { lock, owner, .. } => {
                self.ended.insert((lock, owner), "released");
            }
            LeaseEvent::Granted { lock, owner, .. } => {
                self.ended.remove(&(lock, owner));
            }
            _ => {}
        }
    }

    fn owned(&mut self, at: Time, lock: LockId, owners: &[Owner]) {
        let gone = |(known, owner): &&(LockId, Owner)| *known == lock && !owners.contains(owner);
        let gone: Vec<(LockId, Owner)> = self.owns.keys().filter(gone).copied().collect();
        for key in gone {
            let from = self.owns.remove(&key).unwrap_or(at);
            let end = self.ended.remove(&key).unwrap_or("forgotten");
            let client = key.1.client;
            self.accounts.push(Span { client, lock, from, to: at, token: None, end });
        }
        for owner in owners {
            self.owns.entry((lock, *owner)).or_insert(at);
        }
    }

    fn stored(&mut self, at: Time, event: StorageEvent) {
        let (token, owner, what) = match event {
            StorageEvent::Read { token, owner, .. } => (token, owner, "read"),
            StorageEvent::Written { token, owner, .. } => (token, owner, "written"),
            StorageEvent::Rejected { token, owner, .. } => (Some(token), owner, "refused"),
        };
        self.tokens.push((NodeId::Storage, at, token, owner.client, what));
    }

    fn hosted(&mut self, at: Time, node: NodeId, event: HostEvent) {
        match event {
            HostEvent::Paused => {
                self.standing.insert(node, (at, "pause"));
            }
            HostEvent::Crashed => {
                self.rises(at, node);
                self.standing.insert(node, (at, "crash"));
                if let NodeId::Client(client) = node {
                    let held = self.believes.keys().filter(|(holder, _)| *holder == client);
                    let held: Vec<LockId> = held.map(|(_, lock)| *lock).collect();
                    for lock in held {
                        self.believes_less(at, client, lock, (u32::MAX, "crashed"));
                    }
                }
            }
            HostEvent::Resumed | HostEvent::Started(_) => self.rises(at, node),
            HostEvent::Afflicted | HostEvent::Relieved | HostEvent::Healed => {}
        }
    }

    /// A node goes on after a pause, or is back after a crash.
    fn rises(&mut self, at: Time, node: NodeId) {
        let Some((from, kind)) = self.standing.remove(&node) else { return };
        let text = if kind == "pause" { "stands still" } else { "is dead" };
        self.band(vec![node], kind, (from, at), format!("{node} {text}"));
    }

    /// The diagram of a run that ended, with a story of so many lines.
    pub(super) fn finish(mut self, end: Time, lines: usize) -> Diagram {
        for node in self.standing.keys().copied().collect::<Vec<NodeId>>() {
            self.rises(end, node);
        }
        for (client, lock) in self.believes.keys().copied().collect::<Vec<_>>() {
            self.believes_less(end, client, lock, (u32::MAX, "open"));
        }
        for ((lock, owner), from) in std::mem::take(&mut self.owns) {
            let (client, token) = (owner.client, None);
            self.accounts.push(Span { client, lock, from, to: end, token, end: "open" });
        }
        for (from, nodes, text) in std::mem::take(&mut self.faults).into_values().flatten() {
            self.band(nodes, "fault", (from, end), text);
        }
        let lanes = lanes(&self.nodes);
        let lane = |node: NodeId| lanes.iter().position(|known| *known == node).unwrap_or(0);
        let bar = |span: &Span| Bar {
            lane: lane(span.client.into()),
            lock: span.lock.to_string(),
            from: span.from.0,
            to: span.to.0,
            token: span.token.map(|token| token.0),
            end: span.end.to_owned(),
        };
        let arrow = |sketch: Sketch| Arrow {
            from: lane(sketch.from),
            to: lane(sketch.to),
            sent: sketch.sent.0,
            arrived: sketch.arrived.map(|at| at.0),
            fate: sketch.fate,
            text: sketch.text,
        };
        let band = |wrong: Wrong| Band {
            lanes: wrong.nodes.iter().map(|node| lane(*node)).collect(),
            kind: wrong.kind.to_owned(),
            from: wrong.from.0,
            to: wrong.to.0,
            text: wrong.text,
        };
        let shown =
            |(node, at, token, owner, what): (NodeId, Time, Option<Token>, ClientId, &str)| Shown {
                lane: lane(node),
                at: at.0,
                token: token.map(|token: Token| token.0),
                owner: owner.to_string(),
                what: what.to_owned(),
            };
        Diagram {
            from: 0,
            to: end.0,
            run_end: end.0,
            lines: (0, lines),
            lanes: lanes.iter().map(NodeId::to_string).collect(),
            lanes_left_out: 0,
            messages: self.messages.into_iter().map(arrow).collect(),
            messages_left_out: 0,
            beliefs: self.beliefs.iter().map(bar).collect(),
            accounts: self.accounts.iter().map(bar).collect(),
            bands: self.bands.into_iter().map(band).collect(),
            tokens: self.tokens.into_iter().map(shown).collect(),
        }
    }
}

/// Clients, servers, the storage: requests go to the right, answers to the left.
fn lanes(nodes: &BTreeSet<NodeId>) -> Vec<NodeId> {
    let rank = |node: &NodeId| match node {
        NodeId::Client(_) => 0,
        NodeId::Server(_) => 1,
        NodeId::Storage => 2,
    };
    let mut lanes: Vec<NodeId> = nodes.iter().copied().collect();
    lanes.sort_by_key(|node| (rank(node), *node));
    lanes
}
