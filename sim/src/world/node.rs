//! What the world knows of one node beside its own state.

use crate::chance::Chance;
use crate::clock::Clocks;
use crate::queue::Place;
use locklab_protocols::contract::{Clock, Protocol, Reading};
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{PacketOf, SystemEffect, TimerOf};
use locklab_protocols::time::Time;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A timer that runs.
///
/// Most timers never fire: they are armed anew before that. So one that is put off keeps its entry
/// in the queue, and is queued again, at the place that it took when it was put off, when that
/// entry comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Armed {
    /// Tells this arming from earlier and later ones of the same timer.
    pub(super) generation: u64,
    pub(super) clock: Clock,
    pub(super) deadline: Reading,
    /// When it is due, and its place among what is due then; `None` if its clock stands still.
    pub(super) due: Option<(Time, Place)>,
    /// The arming of which there is an entry in the queue, and when that comes.
    pub(super) queued: Option<(u64, Time)>,
}

/// A question that a step asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    Clock(Clock),
    Draw(u32),
}

/// A message that arrived while the node could not take it.
#[derive(Debug)]
pub(super) struct Letter<P: Protocol> {
    pub(super) from: usize,
    pub(super) body: PacketOf<P>,
    pub(super) sent: Time,
}

/// What the world knows of one node beside its own state. Faults stand in lists of their
/// positions in the plan, so that each can end by itself and is known when it bites.
pub(super) struct NodeState<P: Protocol> {
    pub(super) id: NodeId,
    /// Counts crashes, so that what was meant for an earlier life is known.
    pub(super) life: u64,
    pub(super) up: bool,
    /// Faults that keep it down.
    pub(super) down: Vec<usize>,
    /// Faults that keep it standing still.
    pub(super) paused: Vec<usize>,
    /// Faults that make its steps take time.
    pub(super) slow: Vec<(usize, Duration)>,
    /// Faults that keep its disk from doing anything.
    pub(super) stalled: Vec<usize>,
    /// Faults that make its disk lie about syncs.
    pub(super) lying: Vec<usize>,
    /// Faults that make its clocks run fast or slow.
    pub(super) wrong_rates: Vec<usize>,
    /// Faults that have set its wall clock wrong.
    pub(super) wrong_walls: Vec<usize>,
    /// Faults that make its wall clock stand still.
    pub(super) frozen: Vec<usize>,
    /// It waits for a slow step or for its disk.
    pub(super) busy: bool,
    /// A sync has been started and is over at the next wake.
    pub(super) syncing: bool,
    pub(super) clocks: Clocks,
    pub(super) timers: BTreeMap<TimerOf<P>, Armed>,
    /// Effects of its last step that have not been applied yet.
    pub(super) pending: VecDeque<SystemEffect<P>>,
    pub(super) questions: VecDeque<Question>,
    /// Timers that fell due while it could not take them, in order.
    pub(super) withheld_timers: VecDeque<(TimerOf<P>, u64)>,
    /// Messages that arrived while it could not take them, in order.
    pub(super) withheld_letters: VecDeque<Letter<P>>,
    pub(super) network_chance: Chance,
    pub(super) timer_chance: Chance,
    pub(super) work_chance: Chance,
}

impl<P: Protocol> NodeState<P> {
    pub(super) fn new(id: NodeId, seed: u64) -> Self {
        Self {
            id,
            life: 0,
            up: false,
            down: Vec::new(),
            paused: Vec::new(),
            slow: Vec::new(),
            stalled: Vec::new(),
            lying: Vec::new(),
            wrong_rates: Vec::new(),
            wrong_walls: Vec::new(),
            frozen: Vec::new(),
            busy: false,
            syncing: false,
            clocks: Clocks::default(),
            timers: BTreeMap::new(),
            pending: VecDeque::new(),
            questions: VecDeque::new(),
            withheld_timers: VecDeque::new(),
            withheld_letters: VecDeque::new(),
            network_chance: Chance::new(seed, &("network", id)),
            timer_chance: Chance::new(seed, &("timers", id)),
            work_chance: Chance::new(seed, &("work", id)),
        }
    }

    /// Whether it cannot take a step now.
    pub(super) fn held_up(&self) -> bool {
        self.busy || !self.paused.is_empty()
    }

    /// Forgets everything that was in memory.
    pub(super) fn die(&mut self) {
        self.life += 1;
        self.up = false;
        self.paused.clear();
        self.busy = false;
        self.syncing = false;
        self.timers.clear();
        self.pending.clear();
        self.questions.clear();
        self.withheld_timers.clear();
        self.withheld_letters.clear();
    }
}
