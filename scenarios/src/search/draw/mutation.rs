//! Makes a new scenario of one that reached something.

use super::Draw;
use super::faults::FaultDraw;
use crate::promise;
use crate::registry::Entry;
use crate::scenario::Scenario;
use locklab_protocols::contract::Promise;
use locklab_sim::chance::Chance;

/// A scenario of this number, made of another one by up to three small changes: a fault less, one
/// more, one at another time, one of a second scenario; another network, workload or setting.
///
/// As a rule it keeps what some promise assumes, if the other one did.
pub fn mutate(entry: &Entry, parent: &Scenario, other: &Scenario, number: u64) -> Scenario {
    let mut draw = Draw { chance: Chance::new(number, &("mutate", entry.name())) };
    let named = Scenario { name: format!("mutated-{number}"), ..parent.clone() };
    let contestant = entry.build(&named);
    let promises = contestant.promises();
    let kept: Vec<&Promise> =
        promises.iter().filter(|promise| promise::inside(promise, &named).is_ok()).collect();
    let aim = (!kept.is_empty() && !draw.chance.percent(12)).then(|| draw.one_of(&kept));
    let mut scenario = named;
    for _ in 0..draw.chance.between(1, 3) {
        let changed = draw.changed(entry, &scenario, other);
        let Ok(changed) = changed.checked(&[entry.name()]) else { continue };
        // Settings make the promises; a changed lock may assume something else.
        let contestant = entry.build(&changed);
        let keeps = aim.is_none_or(|aim| {
            let promises = contestant.promises();
            let mut of_it = promises.iter().filter(|one| one.guarantee == aim.guarantee);
            of_it.any(|promise| promise::inside(promise, &changed).is_ok())
        });
        if changed.is_for(contestant.as_ref()) && keeps {
            scenario = changed;
        }
    }
    scenario
}

impl Draw {
    fn position(&mut self, length: usize) -> usize {
        self.chance.below(length as u64) as usize
    }

    /// One small change.
    fn changed(&mut self, entry: &Entry, scenario: &Scenario, other: &Scenario) -> Scenario {
        let mut changed = scenario.clone();
        let lease = changed.lock.lease.unwrap_or(std::time::Duration::from_secs(10));
        let faults = changed.faults.len();
        match self.chance.below(10) {
            0 | 1 if faults > 1 => drop(changed.faults.remove(self.position(faults))),
            2 | 3 if faults > 0 => {
                let position = self.position(faults);
                let kind = changed.faults[position].kind.clone();
                if let Some(drawn) = self.fault(entry, scenario) {
                    changed.faults[position].when = drawn.when;
                    changed.faults[position].kind = kind;
                }
            }
            4 if !other.faults.is_empty() => {
                let position = self.position(other.faults.len());
                changed.faults.push(other.faults[position].clone());
            }
            5 => changed.network = self.network(),
            6 => changed.workload = self.workload(lease),
            7 => {
                let lock = self.lock(lease);
                changed.lock = lock;
            }
            _ => changed.faults.extend(self.fault(entry, scenario)),
        }
        changed
    }

    fn fault(&mut self, entry: &Entry, scenario: &Scenario) -> Option<locklab_sim::fault::Fault> {
        const MOST_KINDS: u32 = 70;
        let contestant = entry.build(scenario);
        let mut faults =
            FaultDraw::new(&mut self.chance, scenario, contestant.as_ref(), MOST_KINDS);
        faults.draw(&scenario.faults)
    }
}
