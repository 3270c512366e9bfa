//! What the nodes of a run say, and what the host makes of it.

use super::{Cluster, Happened, Heard, PATIENCE};
use crate::live::LiveError;
use crate::live::journal::{Control, Entry};
use locklab_protocols::contract::Portable;

impl<P: Portable> Cluster<P> {
    pub(super) fn read(&self, slot: usize, said: &[u8]) -> Result<Entry<P>, LiveError> {
        postcard::from_bytes(said).map_err(|error| {
            let node = self.seats[slot].id;
            LiveError::Died { node, how: format!("it says what nobody understands: {error}") }
        })
    }

    pub(super) fn hear(&mut self, (slot, life, said): Heard) -> Result<(), LiveError> {
        if self.seats[slot].life != life {
            return Ok(());
        }
        match said {
            Some(said) => {
                let entry = self.read(slot, &said)?;
                self.take(slot, entry, said)
            }
            None if self.seats[slot].dies => self.is_dead(slot),
            None => Err(self.died(slot)),
        }
    }

    /// Takes in what a node says.
    pub(super) fn take(
        &mut self,
        slot: usize,
        entry: Entry<P>,
        said: Vec<u8>,
    ) -> Result<(), LiveError> {
        let at = match &entry {
            Entry::Listening(address) => {
                self.relay.reach(slot, *address);
                self.begin(slot);
                if self.options.direct {
                    self.ports[slot].1 = *address;
                    (0..self.seats.len()).for_each(|slot| self.begin(slot));
                }
                return Ok(());
            }
            Entry::Note(note) => {
                self.notes.push(note.clone());
                return Ok(());
            }
            Entry::Refused { times, reason } => {
                self.refused.insert(slot, (*times, reason.clone()));
                return Ok(());
            }
            Entry::Halted => {
                if let Some(trigger) = self.seats[slot].halt.take() {
                    self.pull(trigger, slot)?;
                }
                self.say(slot, &Control::Go);
                return Ok(());
            }
            Entry::Started { at, durable, .. } | Entry::Went { at, durable, .. } => {
                self.seats[slot].durable = *durable;
                *at
            }
            Entry::Step { at, .. } => *at,
        };
        self.happened.push((at, Happened::Entry(slot, said)));
        self.seats[slot].halt = self.replay.entry(slot, entry, &mut self.online);
        Ok(())
    }

    /// Kills every node and hears what they had to say.
    pub(super) async fn end_all(&mut self) {
        let mut speaking = 0;
        for seat in &mut self.seats {
            if let Some(process) = &mut seat.process {
                process.kill();
                speaking += 1;
            }
        }
        while speaking > 0 {
            let heard = tokio::time::timeout(PATIENCE, self.hears.recv()).await;
            let Ok(Some((slot, life, said))) = heard else { return };
            match said {
                None if self.seats[slot].life == life => speaking -= 1,
                None => {}
                Some(said) => {
                    let at = match self.read(slot, &said) {
                        Ok(
                            Entry::Started { at, .. }
                            | Entry::Step { at, .. }
                            | Entry::Went { at, .. },
                        ) => at,
                        _ => continue,
                    };
                    self.happened.push((at, Happened::Entry(slot, said)));
                }
            }
        }
    }
}
