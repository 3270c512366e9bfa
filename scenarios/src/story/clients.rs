//! What clients are told and what their applications do.

use super::scene::{Belief, End, Phase};
use super::teller::{Consequence, Teller};
use super::words::{list, span};
use locklab_protocols::contract::{Ending, LockEvent, WorkEvent};
use locklab_protocols::id::{ClientId, LockId, Token};
use locklab_protocols::time::Time;
use std::time::Duration;

/// Waits shorter than this are not worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(1);

impl Teller<'_> {
    pub(super) fn told(&mut self, at: Time, client: ClientId, event: LockEvent) {
        let here = (at, client.into());
        match event {
            LockEvent::Granted { lock, token } => self.granted(at, client, lock, token),
            LockEvent::Refused { lock, definite: true } => {
                self.trifle(at, client.into(), || format!("is refused {lock}"));
            }
            LockEvent::Refused { lock, definite: false } => {
                let text = format!("cannot tell whether it got {lock}: no answer came");
                self.consequence(&[Consequence::UnknownOutcome], &[client], here, text);
            }
            LockEvent::Lost { lock } => {
                let text = format!("learns that it has lost {lock}");
                self.consequence(&[Consequence::Lost], &[client], here, text);
                self.stops_believing(client, lock, u32::MAX);
            }
            LockEvent::Released { lock, outcome: Ending::Done } => {
                self.trifle(at, client.into(), || format!("hears that {lock} is given back"));
            }
            LockEvent::Released { lock, outcome: Ending::Failed } => {
                let text = format!("hears that {lock} was no longer its own to give back");
                self.consequence(&[Consequence::ReleaseFails], &[client], here, text);
            }
            LockEvent::Released { lock, outcome: Ending::Unknown } => {
                let text = format!("cannot tell whether {lock} was given back: no answer came");
                self.consequence(&[Consequence::UnknownOutcome], &[client], here, text);
            }
        }
    }

    fn granted(&mut self, at: Time, client: ClientId, lock: LockId, token: Option<Token>) {
        let me = self.scene.life(client);
        let waited = self.scene.client(client).waits.remove(&lock);
        let mut text = format!("is granted {lock}{}", with(token));
        let mut aside = Vec::new();
        if let Some(length) = self.scene.lease(lock, me).length {
            aside.push(format!("lease {}", span(length)));
        }
        if let Some(since) = waited.filter(|since| at.since(*since) >= WORTH_A_WORD) {
            aside.push(format!("waited {}", span(at.since(since))));
        }
        if !aside.is_empty() {
            text += &format!(" ({})", aside.join(", "));
        }
        let mut consequences = Vec::new();
        let mut concerned = vec![client];
        let others = self.scene.others(client, lock);
        if !others.is_empty() {
            consequences.push(Consequence::Overlap);
            let since: Vec<String> =
                others.iter().map(|other| self.as_holder(*other, lock)).collect();
            let believe = if others.len() == 1 { "believes that it holds" } else { "believe in" };
            let names = list(&others);
            text += &format!(" while {names} still {believe} it ({})", since.join("; "));
            concerned.extend(others);
        }
        let owners = self.scene.other_owners(me, lock);
        if !owners.is_empty() && !self.scene.lock(lock).owners.contains(&me) {
            consequences.push(Consequence::NotTheOwner);
            text += &format!("; by the servers' account {} has it", list(&owners));
            concerned.extend(owners.iter().map(|owner| owner.client));
        }
        if let (Some(token), Some((newest, whose))) = (token, self.scene.lock(lock).newest_grant)
            && token <= newest
            && self.scene.belief(client, lock).is_none()
        {
            consequences.push(Consequence::TokenRepeats);
            text += &format!("; {whose} was granted token {newest} before");
        }
        self.consequence(&consequences, &concerned, (at, client.into()), text);
        self.believes_from_now(at, client, lock, token);
    }

    fn believes_from_now(
        &mut self,
        at: Time,
        client: ClientId,
        lock: LockId,
        token: Option<Token>,
    ) {
        if let Some(token) = token {
            let newest = &mut self.scene.lock(lock).newest_grant;
            *newest = (*newest).max(Some((token, client)));
        }
        let state = self.scene.client(client);
        if state.waits.is_empty() {
            state.phase = Phase::Working;
        }
        let belief = state.beliefs.entry(lock).or_insert(Belief { depth: 0, since: at, token });
        belief.depth += 1;
        belief.token = token;
    }

    /// What keeps a holder from knowing better, or since when it is one.
    fn as_holder(&self, client: ClientId, lock: LockId) -> String {
        let since = self.scene.belief(client, lock).map_or(Time::ZERO, |belief| belief.since);
        match self.scene.paused.get(&client.into()) {
            Some(paused) => format!("{client} has stood still since {paused}"),
            None => format!("{client} was granted it at {since}"),
        }
    }

    pub(super) fn works(&mut self, at: Time, client: ClientId, event: WorkEvent) {
        match event {
            WorkEvent::Acquires { lock } => self.asks(at, client, lock),
            WorkEvent::Checked { lock } => {
                self.scene.client(client).phase = Phase::Checked;
                let text = format!("checks that it still holds {lock}, is about to write");
                self.routine(at, client.into(), client, text);
            }
            WorkEvent::Acknowledged { lock, version } => {
                self.scene.client(client).phase = Phase::Written;
                let made = version.0;
                self.trifle(at, client.into(), || {
                    format!("hears that its write to {lock} is done: version {made}")
                });
            }
            WorkEvent::Releases { lock } => {
                self.routine(at, client.into(), client, format!("gives {lock} back"));
                self.stops_believing(client, lock, 1);
            }
        }
    }

    fn asks(&mut self, at: Time, client: ClientId, lock: LockId) {
        if self.scene.client(client).phase == Phase::Outside {
            let section = self.begin_section(client);
            self.scene.client(client).section = Some(section);
        }
        self.scene.client(client).phase = Phase::Waiting;
        if self.scene.client(client).waits.contains_key(&lock) {
            self.trifle(at, client.into(), || format!("asks for {lock} again"));
            return;
        }
        self.scene.client(client).waits.insert(lock, at);
        let owners = self.scene.other_owners(self.scene.life(client), lock);
        let has = match owners.as_slice() {
            [] => String::new(),
            owners => format!(", which {} has", list(owners)),
        };
        self.routine(at, client.into(), client, format!("asks for {lock}{has}"));
    }

    /// Takes some of a client's grants of a lock away; its section ends with the last lock.
    fn stops_believing(&mut self, client: ClientId, lock: LockId, grants: u32) {
        let state = self.scene.client(client);
        if let Some(belief) = state.beliefs.get_mut(&lock) {
            belief.depth = belief.depth.saturating_sub(grants);
            if belief.depth == 0 {
                state.beliefs.remove(&lock);
            }
        }
        if state.beliefs.is_empty() && state.phase != Phase::Outside {
            state.phase = Phase::Outside;
            state.waits.clear();
            self.end_section();
        }
    }

    /// Everything that a client believes, and what has become of it.
    pub(super) fn beliefs(&self, at: Time, client: ClientId) -> Vec<String> {
        let Some(state) = self.scene.clients.get(&client) else { return Vec::new() };
        let me = self.scene.life(client);
        let mut said = Vec::new();
        for (lock, belief) in &state.beliefs {
            let mut text = format!("{lock}{}", with(belief.token));
            let known = self.scene.locks.get(lock);
            let ended = known.and_then(|lock| lock.leases.get(&me)?.end);
            if let Some((end, how)) = ended {
                let ago = span(at.since(end));
                text += &match how {
                    End::Expired => format!("; its lease ended {ago} ago"),
                    End::Released => format!("; it was given back {ago} ago"),
                    End::Forgotten => format!("; the servers forgot it {ago} ago"),
                };
                let others = self.scene.other_owners(me, *lock);
                if !others.is_empty() {
                    text += &format!(", and {} has it", list(others));
                }
            }
            said.push(text);
        }
        said
    }
}

/// ` with token 7`, or nothing.
pub(super) fn with(token: Option<Token>) -> String {
    token.map_or_else(String::new, |token| format!(" with token {token}"))
}
