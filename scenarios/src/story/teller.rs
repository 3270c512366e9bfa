//! Hears the trace, event by event, and drafts lines.

use super::scene::Scene;
use super::{Detail, Line, Mark};
use locklab_protocols::contract::{Event, Observation};
use locklab_protocols::id::{ClientId, NodeId};
use locklab_protocols::time::Time;
use locklab_sim::Outcome;
use locklab_sim::outcome::{Bites, Happening};
use std::collections::{BTreeMap, BTreeSet};

/// How often the same consequence is told in full for its own sake.
const TOLD: u32 = 1;

/// A line that may be told.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) line: Line,
    pub(super) weight: Weight,
    pub(super) section: Option<usize>,
    /// Whether its section ends with it.
    pub(super) ends: bool,
}

/// When a draft is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Weight {
    /// Always.
    Always,
    /// If something came of its section.
    Section,
    /// Only to those who want to hear everything.
    Trifle,
}

/// What can come of a section that a reader should know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Consequence {
    Overlap,
    AccountOverlap,
    LeaseEnds,
    AccountForgets,
    FreedByAnother,
    Lost,
    UnknownOutcome,
    ReleaseFails,
    TokenRepeats,
    NotTheOwner,
    StaleRefused,
    StaleApplied,
    Overwrites,
    Late,
}

/// The sections of a run, and which of them are told.
#[derive(Debug, Default)]
pub(super) struct Tales {
    /// Whose they are, by their numbers.
    pub(super) clients: Vec<ClientId>,
    /// Those from which something came.
    pub(super) told: BTreeSet<usize>,
    /// Those from which came what was told of others before.
    pub(super) repeats: BTreeSet<usize>,
}

/// Hears a trace and drafts lines.
#[derive(Debug)]
pub(super) struct Teller<'a> {
    pub(super) scene: Scene,
    pub(super) bites: &'a [Bites],
    pub(super) faults: BTreeMap<usize, String>,
    /// How many lost messages of each section were drafted.
    pub(super) lost: BTreeMap<usize, u32>,
    detail: Detail,
    drafts: Vec<Draft>,
    tales: Tales,
    consequences: BTreeMap<Consequence, u32>,
    /// What came of which section before.
    came: BTreeSet<(Option<usize>, Consequence)>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(outcome: &'a Outcome, detail: Detail) -> Self {
        Self {
            scene: Scene::default(),
            bites: &outcome.bites,
            faults: BTreeMap::new(),
            lost: BTreeMap::new(),
            detail,
            drafts: Vec::new(),
            tales: Tales::default(),
            consequences: BTreeMap::new(),
            came: BTreeSet::new(),
        }
    }

    /// Takes the next happening of the trace.
    pub(super) fn hear(&mut self, at: Time, what: &'a Happening) {
        match what {
            Happening::Seen(seen) => self.seen(at, seen),
            Happening::Sent { from, to, message, fate } => {
                self.sent(at, *from, *to, message, *fate);
            }
            Happening::Delivered { from, to, message, sent } => {
                self.delivered(at, *from, *to, message, *sent);
            }
            Happening::Fired { node, timer } => {
                self.trifle(at, *node, || format!("timer fires: {timer}"));
            }
            Happening::FaultBegins { fault, nodes, what } => {
                self.fault_begins(at, *fault, nodes, what);
            }
            Happening::FaultEnds { fault } => self.fault_ends(at, *fault),
        }
    }

    fn seen(&mut self, at: Time, seen: &Observation) {
        match (&seen.event, seen.node) {
            (Event::Lock(event), NodeId::Client(client)) => self.told(at, client, *event),
            (Event::Work(event), NodeId::Client(client)) => self.works(at, client, *event),
            (Event::Lease(event), node) => self.leases(at, node, *event),
            (Event::Owners { lock, owners }, node) => self.owned(at, node, *lock, owners),
            (Event::LeaseEnded { lock, owner }, node) => {
                self.lease_ended(at, node, *lock, *owner);
            }
            (Event::Storage(event), _) => self.stores(at, *event),
            (Event::Host(event), node) => self.hosts(at, node, *event),
            (
                Event::Lock(_)
                | Event::Work(_)
                | Event::Milestone(_)
                | Event::Queue(_)
                | Event::Doubts(_),
                _,
            ) => {}
        }
    }

    /// The drafts in order, and the sections.
    pub(super) fn finish(self) -> (Vec<Draft>, Tales) {
        (self.drafts, self.tales)
    }

    /// Begins a section of a client.
    pub(super) fn begin_section(&mut self, client: ClientId) -> usize {
        self.tales.clients.push(client);
        self.tales.clients.len() - 1
    }

    /// Something came of the section in which this client is or last was.
    pub(super) fn matters(&mut self, client: ClientId) {
        self.tales.told.extend(self.scene.section(client));
    }

    /// A line that is told if something comes of the client's section.
    pub(super) fn routine(&mut self, at: Time, node: NodeId, client: ClientId, text: String) {
        let section = self.scene.section(client);
        let weight = Weight::Section;
        self.draft(at, Some(node), text, Mark::Event, weight, section);
    }

    /// The section in which this client is ends with the last draft.
    pub(super) fn end_section(&mut self) {
        if let Some(draft) = self.drafts.last_mut() {
            draft.ends = true;
        }
    }

    /// A line for those who want to hear everything.
    pub(super) fn trifle(&mut self, at: Time, node: NodeId, text: impl FnOnce() -> String) {
        if self.detail == Detail::Everything {
            self.draft(at, Some(node), text(), Mark::Event, Weight::Trifle, None);
        }
    }

    /// A line that is always told.
    pub(super) fn always(&mut self, at: Time, node: Option<NodeId>, text: String, mark: Mark) {
        self.draft(at, node, text, mark, Weight::Always, None);
    }

    /// Something came of the sections of these clients: told in full the first few times, then
    /// only where something new comes of the section, and there once.
    pub(super) fn consequence(
        &mut self,
        kinds: &[Consequence],
        clients: &[ClientId],
        (at, node): (Time, NodeId),
        text: String,
    ) {
        let section = clients.first().and_then(|client| self.scene.section(*client));
        let mut new = false;
        let mut again = !kinds.is_empty();
        for kind in kinds {
            let told = self.consequences.entry(*kind).or_default();
            *told += 1;
            new |= *told <= TOLD;
            again &= !self.came.insert((section, *kind));
        }
        let mark = if kinds.is_empty() { Mark::Event } else { Mark::Consequence };
        let weight = match (new, again) {
            (true, _) => Weight::Always,
            (false, true) => Weight::Trifle,
            (false, false) => Weight::Section,
        };
        if new {
            clients.iter().for_each(|client| self.matters(*client));
        } else if !kinds.is_empty() {
            self.tales.repeats.extend(section);
        }
        self.draft(at, Some(node), text, mark, weight, section);
    }

    fn draft(
        &mut self,
        at: Time,
        node: Option<NodeId>,
        text: String,
        mark: Mark,
        weight: Weight,
        section: Option<usize>,
    ) {
        let line = Line { at, node, text, mark };
        self.drafts.push(Draft { line, weight, section, ends: false });
    }
}
