//! The settings of the family, and what it promises with them.

use super::message::Request;
use crate::contract::{Assumption, Promise, Span};
use crate::id::{LockId, ServerId};
use crate::margin::{Margin, percent};
use crate::spec::Guarantee;
use crate::storage::Fencing;
use std::collections::BTreeSet;
use std::time::Duration;

/// What is always taken off the lease, besides the drift.
const ROUNDING: Duration = Duration::from_millis(2);

/// How many clients may contend so that each has its turn soon enough: where waiting is coming
/// again at random, and where it is standing in line.
const CONTENDERS: (u32, u32) = (3, 5);

/// What a participant does with an attempt that wants a lock which another one has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Conflict {
    /// It votes no at once; the client comes again after a random while.
    #[default]
    Refuse,
    /// An older attempt waits for a younger one; a younger one dies (is voted down) and comes
    /// again as old as it was (Rosenkrantz, Stearns, Lewis 1978).
    WaitDie,
    /// An older attempt wounds a younger one that has prepared but is not decided; a younger one
    /// waits for an older one (the same paper). What is decided cannot be wounded.
    WoundWait,
    /// It waits in line, until a timeout. Participants are asked one after the other, in the
    /// order of their numbers, the same for every attempt: nobody waits in a circle.
    Wait,
    /// It waits in line, without any order and without any timeout: for the museum.
    Bare,
}

/// Which participants guard a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Placement {
    /// All of them: one lock, replicated.
    #[default]
    Everywhere,
    /// One each, in turn: many locks, spread.
    Spread,
}

/// Settings of the family.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Settings {
    /// What becomes of attempts that conflict.
    pub conflict: Conflict,
    /// How many coordinators there are. A client goes round them with its requests, so that one
    /// that is gone does not keep it from trying again.
    pub coordinators: usize,
    /// How many participants there are, besides the coordinators.
    pub participants: usize,
    /// Which of them guard a lock.
    pub placement: Placement,
    /// How long a committed lock stays with an owner who does not renew it; `None` for ever.
    pub lease: Option<Duration>,
    /// How much of the lease a client does not use, in percent, in case that clocks drift.
    pub drift_percent: u32,
    /// How long the coordinator waits for votes where nobody is to wait for a lock.
    pub vote_timeout: Duration,
    /// How long an attempt may wait for a lock: for the coordinator, which aborts then, and for a
    /// participant that has not voted, which forgets it then.
    pub wait_timeout: Duration,
    /// How long a participant stays in doubt before it asks, and asks again.
    pub doubt_timeout: Duration,
    /// After how long without an answer a request, a decision or a release is sent again.
    pub repeat: Duration,
    /// After how long without success a client refuses.
    pub acquire_timeout: Duration,
    /// After how long without an answer a client calls the outcome of a release unknown.
    pub release_timeout: Duration,
    /// How long a client waits before it tries again; doubled twice.
    pub retry: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            conflict: Conflict::default(),
            coordinators: 1,
            participants: 3,
            placement: Placement::default(),
            lease: Some(Duration::from_secs(10)),
            drift_percent: 20,
            vote_timeout: Duration::from_millis(500),
            wait_timeout: Duration::from_secs(2),
            doubt_timeout: Duration::from_millis(700),
            repeat: Duration::from_millis(300),
            acquire_timeout: Duration::from_secs(5),
            release_timeout: Duration::from_secs(5),
            retry: (Duration::from_millis(50)..=Duration::from_millis(150)).into(),
        }
    }
}

impl Conflict {
    /// Whether anybody gives up by himself.
    pub fn has_timeouts(self) -> bool {
        self != Self::Bare
    }

    /// Whether participants are asked one after the other.
    pub fn in_order(self) -> bool {
        self == Self::Wait
    }

    /// Whether an attempt may wait for a lock.
    pub fn waits(self) -> bool {
        self != Self::Refuse
    }
}

impl Settings {
    /// Whether this server coordinates: the first ones do.
    pub fn coordinates(&self, server: ServerId) -> bool {
        server.index() < self.coordinators
    }

    /// Who coordinates what is tried for a request. A copy goes where the request went, a new one
    /// to the next coordinator.
    pub fn coordinator_of(&self, request: Request) -> ServerId {
        let turn = request.owner.client.index() + request.number as usize;
        ServerId::at(turn.saturating_sub(1) % self.coordinators)
    }

    /// The participants that guard a lock: the servers that do not coordinate.
    pub fn guards(&self, lock: LockId) -> BTreeSet<ServerId> {
        let participant = |index| ServerId::at(self.coordinators + index);
        match self.placement {
            Placement::Everywhere => (0..self.participants).map(participant).collect(),
            Placement::Spread => [participant(lock.index() % self.participants)].into(),
        }
    }

    /// The participants that guard any of these locks, in order.
    pub fn guards_of(&self, locks: &[LockId]) -> BTreeSet<ServerId> {
        locks.iter().flat_map(|lock| self.guards(*lock)).collect()
    }

    /// How long the coordinator waits for votes; `None` for ever.
    pub fn patience(&self) -> Option<Duration> {
        match self.conflict {
            Conflict::Refuse => Some(self.vote_timeout),
            Conflict::Bare => None,
            Conflict::WaitDie | Conflict::WoundWait | Conflict::Wait => Some(self.wait_timeout),
        }
    }

    /// How long a client relies on a lease, by its own monotonic clock, from the moment at which
    /// it sent the request: `lease - lease * drift_percent % - 2 ms`.
    pub fn validity(&self) -> Option<Duration> {
        let usable = |lease| percent(lease, 100_u32.saturating_sub(self.drift_percent), 100);
        self.lease.map(|lease| usable(lease).saturating_sub(ROUNDING))
    }

    /// How much true time is left between the end of the validity and the end of the lease if the
    /// holder's clock is slow and a participant's is fast by `rate` percent; `None` if the lease
    /// may end first.
    pub fn slack(&self, rate: u32) -> Option<Duration> {
        self.margin()?.slack(rate)
    }

    /// The largest error of clock rates, in percent, that the margin covers.
    pub fn rate_bound(&self) -> u32 {
        self.margin().map_or(0, Margin::rate_bound)
    }

    fn margin(&self) -> Option<Margin> {
        Some(Margin { validity: self.validity()?, lease: self.lease? })
    }

    /// How long to wait before another try, after so many.
    pub(super) fn backoff(&self, tries: u32) -> Span {
        let factor = 1 << tries.min(2);
        Span { shortest: self.retry.shortest * factor, longest: self.retry.longest * factor }
    }

    /// What the family promises with these settings.
    ///
    /// Everything about decisions and tokens rests on disks that keep what they synced, and on
    /// nothing else. What holders believe rests on the lease: without one nothing ever ends a
    /// grant but its owner, so that beliefs need no clocks, and a dead owner keeps his locks for
    /// ever; with one, they come free, and beliefs are as good as clocks and pauses allow.
    pub(super) fn promises(&self) -> Vec<Promise> {
        let disks = Assumption::DisksKeepSyncedWrites;
        let fenced = |least| [Assumption::FencingAtLeast(least), disks];
        let mut promises = vec![
            Promise::of(Guarantee::Agreement, [disks]),
            Promise::of(Guarantee::GrantExclusion, [disks]),
            Promise::of(Guarantee::TokenOrder, [disks]),
            Promise::of(Guarantee::FencedWrites, fenced(Fencing::Writes)),
            Promise::of(Guarantee::NoLostUpdate, fenced(Fencing::ReadsAndWrites)),
            Promise::of(Guarantee::Linearizable, [Assumption::NoDuplication, disks]),
        ];
        let Some(lease) = self.lease else {
            promises.push(Promise::of(Guarantee::MutualExclusion, [disks]));
            return promises;
        };
        let bound = self.rate_bound();
        for (rate, pause) in self.margin().into_iter().flat_map(Margin::trade) {
            let clocks = Assumption::ClockRateWithinPercent(rate);
            let assumes = [Assumption::ClientPauseAtMost(pause), clocks, disks];
            promises.push(Promise::of(Guarantee::MutualExclusion, assumes));
        }
        let calm = [
            Assumption::ClockRateWithinPercent(0),
            Assumption::ServersStayUp,
            Assumption::ServerPauseAtMost(lease / 4),
            Assumption::UsualDelayAtMost(self.slowest_renewal(lease)),
            disks,
        ];
        promises.push(Promise::of(Guarantee::LeaseKept, calm));
        if self.conflict.has_timeouts() {
            let most = if self.conflict.waits() { CONTENDERS.1 } else { CONTENDERS.0 };
            // Who gives up goes to the end of the line, and the others must be done before that.
            let hold = match self.conflict.waits() {
                true => (lease / 10).min(self.acquire_timeout / 5),
                false => lease / 10,
            };
            let fair = [
                Assumption::ClientsAtMost(most),
                Assumption::HoldAtMost(hold),
                Assumption::ClockRateWithinPercent(bound),
                Assumption::ServersComeBack,
                Assumption::UsualDelayAtMost(self.slowest_link(lease)),
                disks,
            ];
            promises.push(Promise::of(Guarantee::Progress, fair));
        }
        promises
    }

    /// How long a message may take for a renewal to come in time. The copy that a grant is counted
    /// from was sent at most `repeat` and a message before the decision. A grant that came for the
    /// first copy is renewed after a third of the lease, any other at once; each time, what there
    /// is takes two messages, and one more is left for syncs.
    fn slowest_renewal(&self, lease: Duration) -> Duration {
        let left = self.validity().unwrap_or_default().saturating_sub(self.repeat);
        (left.saturating_sub(lease / 3) / 3).min(left / 5)
    }

    /// How long a message may take for attempts to come to an end: it is four messages from a
    /// request to its grant, within the lease and before the client gives up. The two of the vote
    /// must fit in the patience of the coordinator; those of every participant, if they are asked
    /// one after the other. And who holds a lock does it for four messages more than the section
    /// takes, which must be few beside that.
    fn slowest_link(&self, lease: Duration) -> Duration {
        let asked = if self.conflict.in_order() { self.participants as u32 } else { 1 };
        let vote = self.patience().unwrap_or(lease) / asked.max(1);
        (vote.min(self.acquire_timeout) / 4).min(lease / 80)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientId, Owner};

    #[test]
    fn servers_coordinate_first_and_guard_after_that() {
        let settings = Settings { coordinators: 2, participants: 3, ..Settings::default() };
        let coordinates = |server| settings.coordinates(ServerId(server));
        assert_eq!([1, 2, 3, 5].map(coordinates), [true, true, false, false]);
        let guards = |settings: &Settings, lock| {
            settings.guards(LockId::at(lock)).into_iter().map(|server| server.0).collect::<Vec<_>>()
        };
        assert_eq!(guards(&settings, 0), [3, 4, 5]);
        let spread = Settings { placement: Placement::Spread, ..settings };
        assert_eq!([0, 1, 2, 3].map(|lock| guards(&spread, lock)), [[3], [4], [5], [3]]);
    }

    #[test]
    fn a_client_goes_round_the_coordinators() {
        let settings = Settings { coordinators: 2, ..Settings::default() };
        let request = |client, number| Request { owner: Owner::first(ClientId(client)), number };
        let asked = |client, number| settings.coordinator_of(request(client, number)).0;
        assert_ne!(asked(1, 1), asked(1, 2));
        assert_eq!(asked(1, 1), asked(1, 3));
        assert_ne!(asked(1, 1), asked(2, 1), "they do not all begin with the same one");
    }

    #[test]
    fn the_margin_covers_so_much_drift_and_no_more() {
        let settings = Settings::default();
        let bound = settings.rate_bound();
        assert!(settings.slack(bound).is_some() && settings.slack(bound + 1).is_none());
        assert_eq!(settings.validity(), Some(Duration::from_millis(7_998)));
        // A tenth slow and a tenth fast: 7.998 s become 8.887 s, and 10 s become 9.091 s.
        assert_eq!(settings.slack(10).map(|slack| slack.as_millis()), Some(204));
        assert_eq!(Settings { lease: None, ..settings }.slack(0), None);
    }

    #[test]
    fn without_a_lease_nothing_is_promised_of_time() {
        let promised = |settings: Settings, of| {
            settings.promises().iter().filter(|promise| promise.guarantee == of).count()
        };
        let usual = Settings::default();
        let without = Settings { lease: None, ..usual };
        assert!(promised(usual, Guarantee::Progress) > 0);
        assert_eq!(promised(without, Guarantee::Progress), 0);
        assert_eq!(promised(without, Guarantee::MutualExclusion), 1);
        assert!(promised(usual, Guarantee::MutualExclusion) > 1);
    }

    #[test]
    fn messages_come_within_patience_and_validity() {
        let lease = Duration::from_secs(10);
        let link = |settings: Settings| settings.slowest_link(lease).as_millis();
        let usual = Settings::default();
        assert_eq!(link(usual), 125);
        let acquire_timeout = Duration::from_millis(300);
        assert_eq!(link(Settings { acquire_timeout, ..usual }), 75);
        assert_eq!(usual.slowest_renewal(lease).as_millis(), 1_454);
        let second = Duration::from_secs(1);
        let short = Settings { lease: Some(second), ..usual };
        assert_eq!(short.slowest_renewal(second).as_millis(), 54);
        let in_order = Settings { conflict: Conflict::Wait, participants: 4, ..usual };
        assert_eq!(link(in_order), 125);
    }
}
