//! `progress`: once faults end, every waiting live client is granted within a stated bound, and a
//! dead owner's lock comes free.
//!
//! Nothing is judged before the heal. After it a client waits from the heal or from when it first
//! asked, whichever is later, until it is granted its lock; a refusal after which it asks again
//! does not start the wait anew. A wait that is open when the run ends counts if it has lasted
//! longer than the bound. An owner by the servers' account who is dead, or whose client lives
//! another life by now, must leave the account within the same time, whether anybody waits or not.
//!
//! The reason says who waits for whom, as it stands when the bound is over.

use super::monitor::{FirstBreak, Monitor};
use super::scene::{Fate, Scene, Wait};
use super::verdict::Verdict;
use crate::contract::{Event, HostEvent, LockEvent, Observation, WorkEvent};
use crate::id::{ClientId, LockId, NodeId, Owner};
use crate::time::Time;
use std::time::Duration;

/// Watches `progress`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Progress {
    broken: FirstBreak,
    bound: Duration,
    healed: Option<Time>,
    /// Nothing can be overdue before this moment has passed.
    next: Option<Time>,
    /// Whether anybody waited after the heal.
    waited: bool,
    /// Whether anybody who waited after the heal was granted his lock.
    served: bool,
}

impl Progress {
    /// Demands service within `bound`.
    pub(super) fn new(bound: Duration) -> Self {
        Self {
            broken: FirstBreak::default(),
            bound,
            healed: None,
            next: None,
            waited: false,
            served: false,
        }
    }

    fn due(&self, healed: Time, since: Time) -> Time {
        since.max(healed) + self.bound
    }

    /// Something that must end within the bound began.
    fn begins(&mut self, at: Time) {
        if self.healed.is_some() {
            let due = at + self.bound;
            self.next = Some(self.next.map_or(due, |next| next.min(due)));
        }
    }

    /// Looks for what is overdue, once the earliest due moment has passed.
    fn look(&mut self, now: Time, scene: &Scene) {
        let Some(healed) = self.healed else { return };
        let late = self.first_due(healed, scene);
        match late {
            Some((due, reason)) if due < now => {
                self.broken.set(due, reason.describe(scene, healed));
                self.next = None;
            }
            other => self.next = other.map(|(due, _)| due),
        }
    }

    /// What is due first of all that must end.
    fn first_due(&self, healed: Time, scene: &Scene) -> Option<(Time, Awaited)> {
        let waits = scene.clients().flat_map(|(client, state)| {
            let waits = state.waits.iter();
            waits.map(move |wait| (self.due(healed, wait.since), Awaited::Grant(client, *wait)))
        });
        let dead = scene.locks().flat_map(|(lock, state)| {
            let dead = move |(owner, since): &(Owner, Time)| {
                if scene.lives(*owner) {
                    return None;
                }
                let crashed = scene.client(owner.client).and_then(|client| client.crashed);
                let since = crashed.unwrap_or_default().max(*since);
                Some((self.due(healed, since), Awaited::Freedom(lock, *owner)))
            };
            state.owners.iter().filter_map(dead)
        });
        waits.chain(dead).min_by_key(|(due, _)| *due)
    }
}

/// What must come within the bound.
enum Awaited {
    /// A client's grant.
    Grant(ClientId, Wait),
    /// That a lock leaves its dead owner.
    Freedom(LockId, Owner),
}

impl Awaited {
    fn describe(&self, scene: &Scene, healed: Time) -> String {
        match self {
            Self::Grant(client, Wait { lock, since, .. }) => {
                let owners = scene.owners(*lock).iter();
                let names: Vec<String> =
                    owners.map(|(owner, _)| describe_owner(*owner, scene)).collect();
                let owned = if names.is_empty() {
                    "nobody owns it".to_owned()
                } else {
                    format!("it is owned by {}", names.join(" and by "))
                };
                let doubts = describe_doubts(*lock, scene);
                format!(
                    "{client} has waited for {lock} since {since} (faults ended at {healed}); \
                     the servers say that {owned}{doubts}"
                )
            }
            Self::Freedom(lock, owner) => format!(
                "the servers still say that {lock} is owned by {} (faults ended at {healed})",
                describe_owner(*owner, scene)
            ),
        }
    }
}

/// Who keeps a lock until somebody tells him what was decided, and who that is.
fn describe_doubts(lock: LockId, scene: &Scene) -> String {
    let doubts = scene.doubts(lock).map(|(server, doubt)| {
        let decides = match scene.down(doubt.decides) {
            Some(since) => format!("{}, which crashed at {since},", doubt.decides),
            None => doubt.decides.to_string(),
        };
        format!("; {server} keeps it for {} and waits for {decides} to decide", doubt.owner)
    });
    doubts.collect()
}

/// An owner, and why he does not let go.
fn describe_owner(owner: Owner, scene: &Scene) -> String {
    let Some(client) = scene.client(owner.client) else {
        return format!("{owner}, who was never heard of");
    };
    match client.fate {
        Fate::Crashed(at) => format!("{owner}, which crashed at {at}"),
        _ if client.incarnation != owner.incarnation => {
            let crashed = client.crashed.unwrap_or_default();
            format!("{owner}, which crashed at {crashed} and has another life by now")
        }
        Fate::Paused(at) => format!("{owner}, which has stood still since {at}"),
        Fate::Unborn | Fate::Runs => format!("{owner}, which is alive"),
    }
}

impl Monitor for Progress {
    fn observe(&mut self, at: Time, seen: &Observation, scene: &Scene) {
        if self.broken.is_set() {
            return;
        }
        if self.next.is_some_and(|next| next < at) {
            self.look(at, scene);
        }
        match (&seen.event, seen.node) {
            (Event::Host(HostEvent::Healed), _) => {
                self.healed = Some(at);
                self.waited |= scene.clients().any(|(_, client)| !client.waits.is_empty());
                self.begins(at);
            }
            _ if self.healed.is_none() => {}
            (Event::Work(WorkEvent::Acquires { .. }), _) => {
                self.waited = true;
                self.begins(at);
            }
            (Event::Lock(LockEvent::Granted { lock, .. }), NodeId::Client(client)) => {
                let mut waits = scene.client(client).into_iter().flat_map(|one| &one.waits);
                self.served |= waits.any(|wait| wait.lock == *lock);
            }
            (Event::Host(HostEvent::Crashed), NodeId::Client(_)) => self.begins(at),
            (Event::Owners { owners, .. }, _)
                if !owners.iter().all(|owner| scene.lives(*owner)) =>
            {
                self.begins(at);
            }
            _ => {}
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_set()
    }

    fn verdict(&self, end: Time, scene: &Scene) -> Verdict {
        let mut last = self.clone();
        last.look(end, scene);
        last.broken.verdict_unless(match (self.healed, self.served) {
            (None, _) => Some("the run ended before its faults did"),
            (Some(_), false) if self.waited => Some("nobody was granted a lock after the heal"),
            (Some(_), false) => Some("nobody waited for a lock after the heal"),
            (Some(_), true) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{History, is_idle};
    use super::*;

    fn bound() -> Progress {
        Progress::new(Duration::from_secs(5))
    }

    #[test]
    fn a_dead_owner_in_the_way_is_named() {
        let history = History::new()
            .owners(1, [1])
            .takes(1, 1, None)
            .at(12_000)
            .crashes(1)
            .at(20_000)
            .healed()
            .at(31_200)
            .acquires(2, 1)
            .at(31_300)
            .refused(2, 1);
        // The dead owner himself is overdue first: he had until 25 s.
        assert_eq!(
            history.break_of(bound()),
            "25.000 s: the servers still say that L1 is owned by c1, which crashed at 12.000 s \
             (faults ended at 20.000 s)"
        );
    }

    #[test]
    fn a_wait_that_lasts_too_long_breaks_it_when_the_bound_is_over() {
        let history = History::new()
            .owners(1, [1])
            .takes(1, 1, None)
            .healed()
            .at(31_200)
            .acquires(2, 1)
            .at(33_000)
            .refused(2, 1)
            .acquires(2, 1)
            .pauses(1);
        let just_in_time = history.at(36_200).acquires(3, 2);
        assert!(!just_in_time.judge(bound()).is_broken());
        let late = just_in_time.at(36_201).granted(2, 1, None);
        assert_eq!(
            late.break_of(bound()),
            "36.200 s: c2 has waited for L1 since 31.200 s (faults ended at 0.000 s); the servers \
             say that it is owned by c1, which has stood still since 33.000 s"
        );
    }

    #[test]
    fn a_server_in_doubt_says_whom_it_waits_for() {
        use crate::contract::Doubt;
        use crate::id::ServerId;
        let history = History::new();
        let (lock, owner, decides) = (LockId(1), history.owner(1), ServerId(1));
        let history = history
            .see(ServerId(2), Event::Doubts(vec![Doubt { lock, owner, decides }]))
            .at(2000)
            .host(ServerId(1), HostEvent::Crashed)
            .healed()
            .takes(1, 2, None)
            .acquires(2, 1)
            .at(9000);
        assert_eq!(
            history.break_of(bound()),
            "7.000 s: c2 has waited for L1 since 2.000 s (faults ended at 2.000 s); the servers \
             say that nobody owns it; s2 keeps it for c1 and waits for s1, which crashed at \
             2.000 s, to decide"
        );
    }

    #[test]
    fn a_wait_that_is_open_at_the_end_counts_if_it_is_long_enough() {
        let waits = |at| {
            let served = History::new().healed().takes(1, 2, None);
            served.acquires(2, 1).at(at).judge(bound())
        };
        assert_eq!(waits(5000), Verdict::Held);
        let Verdict::Broken { reason, .. } = waits(5001) else {
            panic!("held");
        };
        assert!(reason.ends_with("nobody owns it"), "{reason}");
    }

    #[test]
    fn before_the_heal_nobody_is_judged_and_old_waits_count_from_it() {
        let history =
            History::new().acquires(1, 1).at(100_000).healed().at(105_000).granted(1, 1, None);
        assert_eq!(history.judge(bound()), Verdict::Held);
    }

    #[test]
    fn a_dead_client_or_one_that_gave_up_does_not_wait() {
        let history = History::new()
            .healed()
            .takes(3, 3, None)
            .acquires(1, 1)
            .acquires(2, 1)
            .crashes(1)
            .at(1000)
            .refused(2, 1)
            .acquires(2, 2)
            .granted(2, 2, None)
            .at(9000);
        assert_eq!(history.judge(bound()), Verdict::Held);
    }

    #[test]
    fn who_loses_or_gives_back_what_he_has_wants_no_more() {
        let waits = || History::new().healed().takes(1, 1, None).acquires(1, 2);
        let lost = waits().at(1000).lost(1, 1).at(9000);
        assert_eq!(lost.judge(bound()), Verdict::Held);
        let given_back = waits().at(1000).releases(1, 1).at(9000);
        assert_eq!(given_back.judge(bound()), Verdict::Held);
        let late_grant_given_back = waits().granted(1, 3, None).releases(1, 3).at(9000);
        assert!(late_grant_given_back.judge(bound()).is_broken());
    }

    /// Whatever is seen after the bound shows it, if something began that must end within it. A look
    /// that finds nothing due comes first: what begins after it is not forgotten.
    #[test]
    fn what_is_overdue_is_seen_before_the_run_ends() {
        let healed = || History::new().healed().at(5001).resumes(3).at(6000);
        let ends = |history: History, at| history.at(at).acquires(3, 3).breaks_on_the_way(bound());
        assert!(ends(healed().acquires(1, 1), 11_001), "somebody waits");
        assert!(ends(healed().owners(1, [1]).crashes(1), 11_001), "an owner dies");
        let dead = healed().crashes(1).at(11_001).resumes(3).at(12_000).owners(1, [1]);
        assert!(ends(dead, 17_001), "a dead client becomes an owner");
        // Here the look that the heal asks for comes after them.
        let just_healed = || History::new().healed().at(1000).owners(1, [1]);
        assert!(!ends(just_healed(), 6001), "an owner who lives may go on");
        assert!(!ends(just_healed().crashes(2), 6001));
        assert!(ends(just_healed().crashes(1), 6001));
        let before = History::new().owners(1, [1]).crashes(1).at(1000).healed();
        assert!(ends(before, 6001), "what began before the heal counts from it");
    }

    #[test]
    fn nobody_served_says_whether_anybody_waited() {
        let idle = |history: History| match history.judge(bound()) {
            Verdict::NotExercised { reason } => reason,
            other => panic!("{other:?}"),
        };
        let healed = || History::new().healed();
        assert_eq!(idle(healed()), "nobody waited for a lock after the heal");
        assert_eq!(idle(healed().acquires(1, 1)), "nobody was granted a lock after the heal");
        let waited = History::new().acquires(1, 1).healed();
        assert_eq!(idle(waited), "nobody was granted a lock after the heal");
        assert_eq!(idle(History::new().takes(1, 1, None)), "the run ended before its faults did");
    }

    #[test]
    fn an_owner_from_an_earlier_life_must_leave() {
        let dies = |history: History| history.owners(1, [1]).at(1000).crashes(1).starts(1).healed();
        let history = dies(History::new()).at(6001).takes(2, 2, None);
        let reason = history.break_of(bound());
        assert!(reason.contains("and has another life by now"), "{reason}");
        let history = dies(History::new()).at(6000).owners(1, []).at(9000).takes(2, 2, None);
        assert_eq!(history.judge(bound()), Verdict::Held);
    }

    #[test]
    fn without_a_heal_or_anybody_who_waits_nothing_is_proved() {
        let unhealed = History::new().acquires(1, 1).at(90_000);
        assert!(is_idle(&unhealed.judge(bound())));
        let quiet = History::new().takes(1, 1, None).healed().at(90_000);
        assert!(is_idle(&quiet.judge(bound())));
        let short = History::new().healed().acquires(1, 1).at(10);
        assert!(is_idle(&short.judge(bound())));
    }
}
