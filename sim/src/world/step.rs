//! A node takes a step, and its effects are applied, one by one.

use super::node::{Armed, Letter, NodeState, Question};
use super::{Next, SWEEP_ALWAYS, SWEEP_EVERY, World};
use crate::outcome::Happening;
use locklab_protocols::contract::{
    Clock, Effect, Event, HostEvent, Input, LeaseEvent, Protocol, When,
};
use locklab_protocols::id::{LockId, NodeId, Owner};
use locklab_protocols::system::{Outlet, PacketOf, SystemEffect, SystemInput, TimerOf};
use locklab_protocols::time::Time;

impl<P: Protocol> World<P> {
    /// Builds a node from its disk and starts it.
    pub(super) fn start(&mut self, slot: usize) {
        let id = self.nodes[slot].id;
        let incarnation = self.system.start(id, &self.setting);
        self.nodes[slot].up = true;
        self.observe(slot, Event::Host(HostEvent::Started(incarnation)));
        if self.is_server(slot) {
            self.sweep(slot);
        }
        self.step(slot, Input::Started(incarnation));
        self.go_on(slot);
    }

    /// A message arrives.
    pub(super) fn arrive(&mut self, from: usize, to: usize, body: PacketOf<P>, sent: Time) {
        let node = &mut self.nodes[to];
        if !node.up {
            return;
        }
        if node.held_up() {
            self.faults.bite_all(&node.paused);
            node.withheld_letters.push_back(Letter { from, body, sent });
            return;
        }
        self.deliver(from, to, body, sent);
        self.go_on(to);
    }

    #[inline]
    fn deliver(&mut self, from: usize, to: usize, body: PacketOf<P>, sent: Time) {
        let (from, to_id) = (self.nodes[from].id, self.nodes[to].id);
        self.trace(|| Happening::Delivered { from, to: to_id, message: format!("{body:?}"), sent });
        self.step(to, Input::Message { from, body });
    }

    /// A timer is due, if it is still armed so.
    pub(super) fn due(&mut self, slot: usize, timer: TimerOf<P>, generation: u64) {
        let node = &mut self.nodes[slot];
        let Some(armed) = node.timers.get_mut(&timer) else { return };
        if armed.queued.is_none_or(|(queued, _)| queued != generation) {
            return;
        }
        armed.queued = None;
        if armed.generation != generation {
            self.queue_timer(slot, timer);
            return;
        }
        if node.held_up() {
            self.faults.bite_all(&node.paused);
            node.withheld_timers.push_back((timer, generation));
            return;
        }
        self.fire(slot, timer);
        self.go_on(slot);
    }

    fn fire(&mut self, slot: usize, timer: TimerOf<P>) {
        let node = &mut self.nodes[slot];
        node.timers.remove(&timer);
        let id = node.id;
        self.trace(|| Happening::Fired { node: id, timer: format!("{timer:?}") });
        self.step(slot, Input::Fired(timer));
    }

    /// A node is no longer busy.
    pub(super) fn wake(&mut self, slot: usize, life: u64) {
        let node = &mut self.nodes[slot];
        if node.life == life && node.busy {
            node.busy = false;
            self.go_on(slot);
        }
    }

    /// One step of a node that is up; its effects wait to be applied, but for those that are at once.
    fn step(&mut self, slot: usize, input: SystemInput<P>) {
        let node = &mut self.nodes[slot];
        let id = node.id;
        self.steps += 1;
        self.observer.hash_input(self.now, slot, &input);
        let mut buffers = self.buffers.take().expect("one step is over before the next begins");
        self.system.step_into(id, input, &mut buffers);
        if let NodeId::Server(stepped) = id {
            let servers = self.system.servers();
            self.observer.look(self.now, &self.setting.protocol, servers, stepped);
        }
        if let Some(longest) = node.slow.iter().map(|(_, step)| *step).max() {
            for (fault, _) in &node.slow {
                self.faults.bite(*fault);
            }
            self.busy_for(slot, longest);
        }
        let waits = self.nodes[slot].held_up();
        buffers.hand_out(id, &mut Apply { world: self, slot, waits });
        self.buffers = Some(buffers);
    }

    fn busy_for(&mut self, slot: usize, duration: std::time::Duration) {
        let until = self.after(duration);
        let node = &mut self.nodes[slot];
        node.busy = true;
        let life = node.life;
        self.queue.push(until, Next::Wake { slot, life });
    }

    /// Lets a node do what it can do now: apply effects, hear answers, and take what was withheld,
    /// timers before messages.
    pub(super) fn go_on(&mut self, slot: usize) {
        loop {
            let node = &mut self.nodes[slot];
            if !node.up || node.held_up() {
                return;
            }
            if let Some(effect) = node.pending.pop_front() {
                self.apply(slot, effect);
                continue;
            }
            if let Some(question) = node.questions.pop_front() {
                let input = self.answer(slot, question);
                self.step(slot, input);
                continue;
            }
            self.step_is_over(slot);
            let node = &mut self.nodes[slot];
            if let Some((timer, generation)) = node.withheld_timers.pop_front() {
                if node.timers.get(&timer).is_some_and(|armed| armed.generation == generation) {
                    self.fire(slot, timer);
                }
            } else if let Some(Letter { from, body, sent }) = node.withheld_letters.pop_front() {
                self.deliver(from, slot, body, sent);
            } else {
                return;
            }
        }
    }

    fn answer(&mut self, slot: usize, question: Question) -> SystemInput<P> {
        let node = &mut self.nodes[slot];
        match question {
            Question::Clock(clock) => {
                self.faults.bite_all(&node.wrong_rates);
                if clock == Clock::Wall {
                    self.faults.bite_all(&node.wrong_walls);
                    self.faults.bite_all(&node.frozen);
                }
                Input::Clock(clock, node.clocks.read(clock, self.now))
            }
            Question::Draw(choices) => Input::Drawn(self.draw(slot, choices)),
        }
    }

    /// The servers' account may have changed without a word from the server.
    fn step_is_over(&mut self, slot: usize) {
        if !self.is_server(slot) {
            return;
        }
        let locks = self.plan.workload.locks;
        if locks <= SWEEP_ALWAYS || self.steps.is_multiple_of(SWEEP_EVERY) {
            self.sweep(slot);
        }
    }

    fn apply(&mut self, slot: usize, effect: SystemEffect<P>) {
        match effect {
            Effect::Send { to, body } => self.send(slot, to, body),
            Effect::Arm { timer, clock, when } => self.arm(slot, timer, clock, when),
            Effect::Disarm(timer) => self.disarm(slot, &timer),
            Effect::Write(_) | Effect::Sync => self.use_disk(slot, effect),
            Effect::ReadClock(clock) => {
                self.nodes[slot].questions.push_back(Question::Clock(clock));
            }
            Effect::Draw(choices) => {
                self.nodes[slot].questions.push_back(Question::Draw(choices));
            }
            Effect::Notify(event) => self.notify(slot, event),
        }
    }

    fn arm(&mut self, slot: usize, timer: TimerOf<P>, clock: Clock, when: When) {
        let deadline = match when {
            When::At(reading) => reading,
            When::After(span) => {
                let after = self.sample(slot, span);
                self.nodes[slot].clocks.read(clock, self.now) + after
            }
        };
        let node = &mut self.nodes[slot];
        self.faults.bite_all(&node.wrong_rates);
        if clock == Clock::Wall {
            self.faults.bite_all(&node.frozen);
            if matches!(when, When::At(_)) {
                self.faults.bite_all(&node.wrong_walls);
            }
        }
        self.generations += 1;
        let generation = self.generations;
        let due = node.clocks.due(clock, deadline).map(|due| due.max(self.now));
        let due = due.map(|due| (due, self.queue.take_place()));
        let queued = node.timers.get(&timer).and_then(|armed| armed.queued);
        let armed = Armed { generation, clock, deadline, due, queued };
        node.timers.insert(timer.clone(), armed);
        let comes_first = |(at, _)| queued.is_some_and(|(_, entry)| entry <= at);
        if due.is_some_and(|due| !comes_first(due)) {
            self.queue_timer(slot, timer);
        }
    }

    fn disarm(&mut self, slot: usize, timer: &TimerOf<P>) {
        self.nodes[slot].timers.remove(timer);
    }

    /// Puts a timer into the queue, at the place that it has.
    fn queue_timer(&mut self, slot: usize, timer: TimerOf<P>) {
        let Some(armed) = self.nodes[slot].timers.get_mut(&timer) else { return };
        let Some((due, place)) = armed.due else { return };
        let generation = armed.generation;
        armed.queued = Some((generation, due));
        self.queue.push_in_place(due, place, Next::Due { slot, timer, generation });
    }

    /// After a change of a node's clocks: asks anew when each of its timers is due. Says how many
    /// timers that concerned.
    pub(super) fn rearm(&mut self, slot: usize, clocks: &[Clock]) -> u64 {
        let node = &mut self.nodes[slot];
        let mut changed = 0;
        for (timer, armed) in &mut node.timers {
            if !clocks.contains(&armed.clock) {
                continue;
            }
            changed += 1;
            self.generations += 1;
            armed.generation = self.generations;
            armed.due = None;
            armed.queued = None;
            if let Some(due) = node.clocks.due(armed.clock, armed.deadline) {
                let (due, place) = (due.max(self.now), self.queue.take_place());
                let (timer, generation) = (timer.clone(), armed.generation);
                armed.due = Some((due, place));
                armed.queued = Some((generation, due));
                self.queue.push_in_place(due, place, Next::Due { slot, timer, generation });
            }
        }
        // What was due before the change stays due: it is withheld, not lost.
        for (timer, generation) in &mut node.withheld_timers {
            if let Some(armed) = node.timers.get(timer) {
                *generation = armed.generation;
            }
        }
        changed
    }

    /// Writes or syncs, or waits for the disk to be able to.
    fn use_disk(&mut self, slot: usize, effect: SystemEffect<P>) {
        let node = &mut self.nodes[slot];
        if !node.stalled.is_empty() {
            self.faults.bite_all(&node.stalled);
            node.pending.push_front(effect);
            node.busy = true;
            return;
        }
        let id = node.id;
        match effect {
            Effect::Write(change) => {
                self.system.write(id, change);
                self.observer.disk_write(id);
            }
            Effect::Sync if !node.syncing && !self.plan.sync_time.is_zero() => {
                node.syncing = true;
                node.pending.push_front(Effect::Sync);
                self.busy_for(slot, self.plan.sync_time);
            }
            _ => {
                node.syncing = false;
                if node.lying.is_empty() {
                    self.system.sync(id);
                } else {
                    self.faults.bite_all(&node.lying);
                }
            }
        }
    }

    fn notify(&mut self, slot: usize, event: Event) {
        let Event::Lease(lease) = event else {
            self.observe(slot, event);
            return;
        };
        self.told = Some(lease);
        self.observe(slot, event);
        self.told = None;
        let mut changes = Vec::new();
        let servers = self.system.servers();
        let nodes = &self.nodes[..self.setting.protocol.servers()];
        let ran_out = |lock, owner| {
            lease == LeaseEvent::Expired { lock, owner } || expires(nodes, lock, owner)
        };
        let look = |event| changes.push(event);
        self.account.hear(&self.setting.protocol, servers, lease, ran_out, look);
        for event in changes {
            self.observe(slot, event);
        }
    }

    /// Looks at the servers' account of all locks again.
    pub(super) fn sweep(&mut self, slot: usize) {
        let servers = self.system.servers();
        let locks = self.plan.workload.locks;
        if self.account.is_up_to_date(&self.setting.protocol, servers, locks) {
            return;
        }
        let mut changes = Vec::new();
        let nodes = &self.nodes[..self.setting.protocol.servers()];
        let told = self.told;
        let ran_out = |lock, owner| {
            told == Some(LeaseEvent::Expired { lock, owner }) || expires(nodes, lock, owner)
        };
        let look = |event| changes.push(event);
        self.account.look_at_all(&self.setting.protocol, servers, locks, ran_out, look);
        for event in changes {
            self.observe(slot, event);
        }
    }
}

/// Applies the first effects of a step at once: messages and timers, which nobody hears of before they
/// are due. From the first on that a fault can come upon, effects wait in the node's own queue.
struct Apply<'a, P: Protocol> {
    world: &'a mut World<P>,
    slot: usize,
    waits: bool,
}

impl<P: Protocol> Outlet<P> for Apply<'_, P> {
    fn take(&mut self, effect: SystemEffect<P>) {
        self.waits = true;
        self.world.nodes[self.slot].pending.push_back(effect);
    }

    fn send(&mut self, to: NodeId, body: PacketOf<P>) {
        if self.waits {
            self.take(Effect::Send { to, body });
        } else {
            self.world.send(self.slot, to, body);
        }
    }

    fn arm(&mut self, timer: TimerOf<P>, clock: Clock, when: When) {
        if self.waits {
            self.take(Effect::Arm { timer, clock, when });
        } else {
            self.world.arm(self.slot, timer, clock, when);
        }
    }

    fn disarm(&mut self, timer: TimerOf<P>) {
        if self.waits {
            self.take(Effect::Disarm(timer));
        } else {
            self.world.disarm(self.slot, &timer);
        }
    }
}

/// Whether a server has let a lease run out and has not come to say so: it waits for its disk, or
/// stands still in the midst of its step.
fn expires<P: Protocol>(servers: &[NodeState<P>], lock: LockId, owner: Owner) -> bool {
    let expired = Event::Lease(LeaseEvent::Expired { lock, owner });
    let says =
        |effect: &SystemEffect<P>| matches!(effect, Effect::Notify(event) if *event == expired);
    servers.iter().any(|server| server.pending.iter().any(says))
}
