//! What a fault does to a node when it begins, and what it undoes when it ends.

use super::World;
use crate::fault::{ClockJump, ClockStrobe, Crash, DiskLoss, Kind};
use crate::text::Shift;
use locklab_protocols::contract::{Clock, Event, HostEvent, Protocol};

impl<P: Protocol> World<P> {
    pub(super) fn begin_at(&mut self, slot: usize, fault: usize, kind: &Kind) {
        let now = self.now;
        let node = &mut self.nodes[slot];
        match kind {
            Kind::Pause(_) => {
                let stands = !node.paused.is_empty();
                if node.up {
                    node.paused.push(fault);
                    let withheld = node.pending.len() as u64;
                    if !stands {
                        self.observe(slot, Event::Host(HostEvent::Paused));
                    }
                    // The rest of the step in whose midst it strikes.
                    self.faults.bite_often(fault, withheld);
                }
            }
            Kind::Slow(slow) => node.slow.push((fault, slow.step)),
            Kind::Crash(crash) => self.crash(slot, fault, crash),
            Kind::ClockJump(ClockJump { by, .. }) => {
                node.wrong_walls.push(fault);
                self.jump(slot, fault, *by);
            }
            Kind::ClockRate(rate) => {
                node.wrong_rates.push(fault);
                node.clocks.set_rate(now, rate.percent);
                let bites = self.rearm(slot, &[Clock::Monotonic, Clock::Wall]);
                self.faults.bite_often(fault, bites);
            }
            Kind::ClockStrobe(_) => node.wrong_walls.push(fault),
            Kind::ClockFreeze(_) => {
                node.frozen.push(fault);
                node.clocks.freeze(now);
                let bites = self.rearm(slot, &[Clock::Wall]);
                self.faults.bite_often(fault, bites);
            }
            Kind::DiskStall(_) => node.stalled.push(fault),
            Kind::DiskLie(_) => node.lying.push(fault),
            Kind::Cut(_)
            | Kind::Partition(_)
            | Kind::Loss(_)
            | Kind::Duplicate(_)
            | Kind::Delay(_)
            | Kind::Reorder(_) => {}
        }
    }

    pub(super) fn jump(&mut self, slot: usize, fault: usize, by: Shift) {
        self.nodes[slot].clocks.jump(self.now, by);
        let bites = self.rearm(slot, &[Clock::Wall]);
        self.faults.bite_often(fault, bites);
    }

    fn crash(&mut self, slot: usize, fault: usize, crash: &Crash) {
        let node = &mut self.nodes[slot];
        let (id, up) = (node.id, node.up);
        node.down.push(fault);
        if up {
            node.die();
            self.system.crash(id);
            self.faults.bite(fault);
        }
        match crash.disk {
            DiskLoss::Kept => {}
            DiskLoss::UnsyncedLost => {
                self.system.lose_unsynced(id);
            }
            DiskLoss::Wiped => {
                self.system.wipe(id);
            }
        }
        if up {
            self.observe(slot, Event::Host(HostEvent::Crashed));
            if self.is_server(slot) {
                self.sweep(slot);
            }
        }
    }

    pub(super) fn end_at(&mut self, slot: usize, fault: usize, kind: &Kind, displaced: bool) {
        let now = self.now;
        let node = &mut self.nodes[slot];
        match kind {
            Kind::Pause(_) => {
                let stood = !node.paused.is_empty();
                forget(&mut node.paused, fault);
                if stood && node.paused.is_empty() {
                    self.observe(slot, Event::Host(HostEvent::Resumed));
                }
            }
            Kind::Slow(_) => node.slow.retain(|(other, _)| *other != fault),
            Kind::Crash(_) => {
                forget(&mut node.down, fault);
                if !node.up && node.down.is_empty() {
                    self.start(slot);
                }
            }
            Kind::ClockJump(ClockJump { by, .. }) => {
                forget(&mut node.wrong_walls, fault);
                self.jump(slot, fault, by.reversed());
            }
            Kind::ClockRate(_) => {
                forget(&mut node.wrong_rates, fault);
                node.clocks.set_rate(now, 100);
                self.rearm(slot, &[Clock::Monotonic, Clock::Wall]);
            }
            Kind::ClockStrobe(ClockStrobe { by, .. }) => {
                forget(&mut node.wrong_walls, fault);
                if displaced {
                    self.jump(slot, fault, by.reversed());
                }
            }
            Kind::ClockFreeze(_) => {
                forget(&mut node.frozen, fault);
                node.clocks.thaw(now);
                self.rearm(slot, &[Clock::Wall]);
            }
            Kind::DiskStall(_) => {
                forget(&mut node.stalled, fault);
                if node.stalled.is_empty() {
                    node.busy = false;
                }
            }
            Kind::DiskLie(_) => forget(&mut node.lying, fault),
            Kind::Cut(_)
            | Kind::Partition(_)
            | Kind::Loss(_)
            | Kind::Duplicate(_)
            | Kind::Delay(_)
            | Kind::Reorder(_) => {}
        }
        self.go_on(slot);
    }
}

fn forget(faults: &mut Vec<usize>, fault: usize) {
    if let Some(position) = faults.iter().position(|other| *other == fault) {
        faults.remove(position);
    }
}
