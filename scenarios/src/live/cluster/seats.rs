//! The nodes of a run as processes: how they are started, killed, robbed of their disks, and
//! started again.

use super::{Cluster, Happened};
use crate::live::LiveError;
use crate::live::clocks::NodeClocks;
use crate::live::journal::{Control, DiskState, NodeConfig};
use crate::live::process::Process;
use crate::live::replay::Outside;
use locklab_protocols::contract::{HostEvent, Portable, Trigger};
use locklab_protocols::id::{Incarnation, NodeId};
use locklab_sim::fault::DiskLoss;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

/// A node and what faults have made of it.
#[derive(Debug)]
pub(in crate::live) struct Seat {
    pub(in crate::live) id: NodeId,
    pub(super) folder: PathBuf,
    pub(in crate::live) process: Option<Process>,
    pub(super) life: u32,
    /// When it is to be killed for good, or was: it says nothing more.
    pub(super) dies: bool,
    pub(super) durable: u64,
    /// The event at which it is about to halt.
    pub(super) halt: Option<Trigger>,
    losses: Vec<DiskLoss>,
    pub(in crate::live) down: Vec<usize>,
    pub(in crate::live) paused: Vec<usize>,
    pub(in crate::live) slow: Vec<(usize, Duration)>,
    pub(in crate::live) stalled: Vec<usize>,
    pub(in crate::live) lying: Vec<usize>,
    pub(in crate::live) clocks: NodeClocks,
}

impl Seat {
    /// Nobody sits there yet.
    pub(super) fn new(id: NodeId, folder: PathBuf) -> Self {
        Self {
            id,
            folder,
            process: None,
            life: 0,
            dies: false,
            durable: 0,
            halt: None,
            losses: Vec::new(),
            down: Vec::new(),
            paused: Vec::new(),
            slow: Vec::new(),
            stalled: Vec::new(),
            lying: Vec::new(),
            clocks: NodeClocks::default(),
        }
    }
}

impl<P: Portable> Cluster<P> {
    pub(super) fn spawn(&mut self, slot: usize) -> Result<(), LiveError> {
        let seat = &mut self.seats[slot];
        std::fs::create_dir_all(&seat.folder).map_err(LiveError::io("make a folder"))?;
        seat.life += 1;
        seat.dies = false;
        let life = seat.life;
        let config = NodeConfig {
            protocol: self.name.clone(),
            scenario: self.scenario.clone(),
            node: seat.id,
            life: Incarnation(life),
            run: self.run,
            folder: seat.folder.clone(),
            transport: self.options.transport,
            halts: self.halts.clone(),
            seed: self.seed,
            clocks: seat.clocks,
            disk: DiskState { stalled: !seat.stalled.is_empty(), lying: !seat.lying.is_empty() },
            slow: seat.slow.iter().map(|(_, step)| *step).max().unwrap_or_default(),
            host: std::process::id(),
        };
        let errors = File::options().create(true).append(true).open(seat.folder.join("errors"));
        let errors = errors.map_err(LiveError::io("make a file"))?;
        let speaks = self.speaks.clone();
        let hear = move |said| drop(speaks.send((slot, life, said)));
        let process = Process::start(&self.options.program, &["live-node"], &config, errors, hear);
        seat.process = Some(process.map_err(LiveError::io("start a process"))?);
        Ok(())
    }

    pub(super) fn begin(&mut self, slot: usize) {
        let (peers, epoch) = (self.ports.clone(), self.epoch);
        self.say(slot, &Control::Begin { peers, epoch });
    }

    pub(in crate::live) fn say(&mut self, slot: usize, control: &Control) {
        if let Some(process) = &mut self.seats[slot].process {
            process.say(control);
        }
    }

    /// A node that nobody killed is dead.
    pub(super) fn died(&mut self, slot: usize) -> LiveError {
        let seat = &mut self.seats[slot];
        // Nothing more comes from it.
        let how = seat.process.take().map(|mut process| process.how_it_ended());
        let how = how.unwrap_or_default();
        let errors = std::fs::read_to_string(seat.folder.join("errors")).unwrap_or_default();
        let last: Vec<&str> = errors.lines().rev().take(8).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        LiveError::Died { node: seat.id, how: format!("{how}\n{}", last.join("\n")) }
    }

    /// Kills a node; what it has said until now is heard before it counts as dead.
    pub(in crate::live) fn kill(&mut self, slot: usize, loss: DiskLoss) -> Result<bool, LiveError> {
        let seat = &mut self.seats[slot];
        seat.losses.push(loss);
        let Some(process) = seat.process.as_mut().filter(|_| !seat.dies) else {
            if seat.process.is_none() {
                self.lose(slot)?;
            }
            return Ok(false);
        };
        process.kill();
        seat.dies = true;
        seat.paused.clear();
        let at = self.epoch.time();
        self.happened.push((at, Happened::Outside(slot, Outside::Event(HostEvent::Crashed))));
        Ok(true)
    }

    /// A node that was killed has said its last word.
    pub(super) fn is_dead(&mut self, slot: usize) -> Result<(), LiveError> {
        let crashed = Outside::Event(HostEvent::Crashed);
        self.replay.outside(self.epoch.time(), slot, &crashed, &mut self.online);
        self.seats[slot].process = None;
        self.seats[slot].halt = None;
        self.lose(slot)?;
        self.restart(slot)
    }

    /// Takes from the disk of a dead node what its crash takes.
    fn lose(&mut self, slot: usize) -> Result<(), LiveError> {
        let seat = &mut self.seats[slot];
        let disk = seat.folder.join("disk");
        for loss in std::mem::take(&mut seat.losses) {
            let lost = match loss {
                DiskLoss::Kept => Ok(()),
                DiskLoss::UnsyncedLost if !disk.exists() => Ok(()),
                DiskLoss::UnsyncedLost => {
                    let file = File::options().write(true).open(&disk);
                    file.and_then(|file| file.set_len(seat.durable))
                }
                DiskLoss::Wiped if !disk.exists() => Ok(()),
                DiskLoss::Wiped => std::fs::remove_file(&disk),
            };
            lost.map_err(LiveError::io("take from a disk"))?;
        }
        Ok(())
    }

    /// Starts a dead node again if nothing keeps it down.
    pub(in crate::live) fn restart(&mut self, slot: usize) -> Result<(), LiveError> {
        let seat = &self.seats[slot];
        if seat.process.is_none() && seat.down.is_empty() { self.spawn(slot) } else { Ok(()) }
    }
}
