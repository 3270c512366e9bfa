//! Everything done twice: what becomes of steps and views when nodes that are alike change places.

use super::{Desk, Sight, question};
use crate::action::Cause;
use crate::configuration::Configuration;
use crate::state::{MOST_NODES, State};
use crate::symmetry::Symmetry;
use crate::witness::GoalSet;
use locklab_protocols::contract::Protocol;

impl<P: Protocol> Desk<P> {
    /// What becomes of the state in which a search begins. The first of these is that state; each
    /// other one is where it would begin if nodes had changed places as the renaming of the same
    /// number says.
    pub(crate) fn pair_beginnings(&self, symmetry: &Symmetry, beginnings: &[State]) {
        let renamings = symmetry.renamings();
        for slot in 0..self.nodes.len() {
            let counterpart = |(begun, places): (&State, &[u8; MOST_NODES])| {
                begun.nodes[usize::from(places[slot])]
            };
            let orbit: Vec<u32> = beginnings.iter().zip(renamings).map(counterpart).collect();
            self.pair_locals(symmetry, &orbit);
        }
        let witnesses: Vec<u32> = beginnings.iter().map(|begun| begun.witness).collect();
        self.pair_witnesses(symmetry, &witnesses);
        let sent: Vec<&[u16]> = beginnings.iter().map(State::in_flight).collect();
        self.pair_letters(symmetry, &sent);
    }

    /// The steps that a cause leads to, with what becomes of them.
    pub(super) fn pair_menu(
        &self,
        configuration: &Configuration<P>,
        symmetry: &Symmetry,
        (slot, local, cause): (usize, u32, Cause),
    ) -> u32 {
        let bare = |slot, local, cause| {
            self.bare_steps.recall(question(slot, local, cause), || {
                self.menu(configuration, slot, local, cause)
            })
        };
        let menu = bare(slot, local, cause);
        if symmetry.contradiction().is_some() {
            return menu;
        }
        let mut menus = vec![self.menus.get(menu)];
        for (renaming, places) in symmetry.renamings().iter().enumerate().skip(1) {
            let cause = match cause {
                Cause::Message(message) => {
                    let letter = symmetry.letters.get(renaming, u32::from(message) - 1);
                    letter.map(|letter| Cause::Message(letter as u16 + 1))
                }
                Cause::Timer(timer) => {
                    let timer = symmetry.timers.get(renaming, timer.into());
                    timer.map(|timer| Cause::Timer(timer as u16))
                }
                Cause::Start | Cause::Crash { .. } => Some(cause),
            };
            let local = symmetry.locals.get(renaming, local);
            let (Some(local), Some(cause)) = (local, cause) else {
                symmetry.contradict(|| "a step has no counterpart".to_owned());
                return menu;
            };
            menus.push(self.menus.get(bare(usize::from(places[slot]), local, cause)));
        }
        if menus.iter().any(|menu| menu.len() != menus[0].len()) {
            symmetry.contradict(|| "a step can go more ways at one node".to_owned());
            return menu;
        }
        for way in 0..menus[0].len() {
            let orbit: Vec<u32> = menus.iter().map(|menu| menu[way]).collect();
            self.pair_strides(symmetry, &orbit);
        }
        menu
    }

    fn pair_strides(&self, symmetry: &Symmetry, orbit: &[u32]) {
        if symmetry.state(&symmetry.strides, "step", orbit) {
            return;
        }
        let strides: Vec<_> = orbit.iter().map(|stride| self.get(*stride)).collect();
        let first = strides[0];
        for (stride, places) in strides.iter().zip(symmetry.renamings()) {
            let terms = |of: &super::Stride| {
                (of.idle, of.spends, of.beyond, of.asks, of.end, of.seen == 0, of.sent.len())
            };
            let same = terms(stride) == terms(first);
            if !same || stride.slot != places[usize::from(first.slot)] {
                symmetry.contradict(|| format!("{stride:?} is not the counterpart of {first:?}"));
                return;
            }
        }
        let after: Vec<u32> = strides.iter().map(|stride| stride.after).collect();
        self.pair_locals(symmetry, &after);
        let during: Vec<u32> = strides.iter().map(|stride| stride.during).collect();
        self.pair_locals(symmetry, &during);
        let sent: Vec<&[u16]> = strides.iter().map(|stride| stride.sent.as_slice()).collect();
        self.pair_letters(symmetry, &sent);
    }

    /// Of the messages of one link each becomes that of the other link that was sent in its place.
    fn pair_letters(&self, symmetry: &Symmetry, sent: &[&[u16]]) {
        for (place, message) in sent[0].iter().enumerate() {
            let link = self.ends(*message);
            let on_link = |other: &&u16| self.ends(**other) == link;
            let rank = sent[0][..place].iter().filter(on_link).count();
            let mut orbit = Vec::new();
            for (sent, places) in sent.iter().zip(symmetry.renamings()) {
                let link = link.map(|end| usize::from(places[end]));
                let mut there = sent.iter().filter(|other| self.ends(**other) == link);
                let Some(counterpart) = there.nth(rank) else {
                    symmetry.contradict(|| {
                        format!("no counterpart is sent of {:?}", self.letter(*message))
                    });
                    return;
                };
                orbit.push(u32::from(*counterpart) - 1);
            }
            symmetry.state(&symmetry.letters, "message", &orbit);
        }
    }

    fn ends(&self, message: u16) -> [usize; 2] {
        [self.sender(message), self.receiver(message)]
    }

    /// With a node, its armed timers: each becomes itself where nothing else is known or possible.
    fn pair_locals(&self, symmetry: &Symmetry, orbit: &[u32]) {
        if symmetry.state(&symmetry.locals, "node", orbit) {
            return;
        }
        let sets: Vec<&[u16]> = orbit.iter().map(|local| self.armed(*local)).collect();
        if sets.iter().any(|set| set.len() != sets[0].len()) {
            symmetry.contradict(|| "a node has more timers than its counterpart".to_owned());
            return;
        }
        let mut orbits: Vec<Vec<u32>> = sets[0].iter().map(|timer| vec![(*timer).into()]).collect();
        for (renaming, set) in sets.iter().enumerate().skip(1) {
            let mut left: Vec<u32> = set.iter().copied().map(u32::from).collect();
            let mut take = |timer: u32| {
                let place = left.iter().position(|other| *other == timer)?;
                Some(left.remove(place))
            };
            let known = |timer: &u16| symmetry.timers.get(renaming, (*timer).into());
            let mut found: Vec<Option<u32>> =
                sets[0].iter().map(|timer| take(known(timer)?)).collect();
            for (timer, found) in sets[0].iter().zip(&mut found) {
                *found = found.or_else(|| take((*timer).into()));
            }
            for (orbit, found) in orbits.iter_mut().zip(found) {
                orbit.push(found.unwrap_or_else(|| left.remove(0)));
            }
        }
        for orbit in orbits {
            symmetry.state(&symmetry.timers, "timer", &orbit);
        }
    }

    fn pair_witnesses(&self, symmetry: &Symmetry, orbit: &[u32]) {
        let broken = |witness: &u32| &self.witnesses.get(*witness).broken;
        if orbit.iter().any(|witness| broken(witness) != broken(&orbit[0])) {
            symmetry.contradict(|| "what breaks for one does not for another".to_owned());
        }
        symmetry.state(&symmetry.witnesses, "view", orbit);
    }

    /// What an observer makes of a sight, with what becomes of that.
    pub(super) fn pair_view(
        &self,
        configuration: &Configuration<P>,
        symmetry: &Symmetry,
        sight: Sight,
    ) -> (u32, GoalSet) {
        let bare = |sight| self.bare_sights.recall(sight, || self.view(configuration, sight));
        let view = bare(sight);
        let mut orbit = vec![view.0];
        for renaming in 1..symmetry.renamings().len() {
            let Some(sight) = self.renamed_sight(configuration, symmetry, renaming, sight) else {
                symmetry.contradict(|| "a sight has no counterpart".to_owned());
                return view;
            };
            let (witness, goals) = bare(sight);
            if goals != view.1 {
                symmetry.contradict(|| "what one reaches another does not".to_owned());
            }
            orbit.push(witness);
        }
        self.pair_witnesses(symmetry, &orbit);
        view
    }

    fn renamed_sight(
        &self,
        configuration: &Configuration<P>,
        symmetry: &Symmetry,
        renaming: usize,
        (before, team): Sight,
    ) -> Option<Sight> {
        let witness = symmetry.witnesses.get(renaming, (before >> 32) as u32)?;
        let stride = symmetry.strides.get(renaming, before as u32)?;
        let servers = configuration.setting.protocol.servers();
        if servers < 2 || !self.looks_at_servers(before as u32) {
            return Some((u64::from(witness) << 32 | u64::from(stride), 0));
        }
        let mut renamed = [0; MOST_NODES];
        let stepped = usize::from(self.get(before as u32).slot);
        let team = self.teams.get(team);
        for (place, to) in symmetry.renamings()[renaming].iter().enumerate().take(servers) {
            if place != stepped {
                renamed[usize::from(*to)] = symmetry.locals.get(renaming, team[place])?;
            }
        }
        let team = self.teams.number(renamed);
        Some((u64::from(witness) << 32 | u64::from(stride), team))
    }
}
