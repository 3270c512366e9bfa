//! Why a history does not fit, in plain words.

use super::history::{Action, Outcome};
use crate::id::{LockId, Owner, Token};
use crate::time::Time;
use std::collections::BTreeMap;

/// Which rule the return of an operation breaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Cause {
    /// A grant while another owner held the lock.
    Held { by: Owner },
    /// A grant to the holder of a lock that is not reentrant.
    HeldItself,
    /// A grant whose token does not stand above those before it.
    Token,
    /// A release that took effect, by a process that did not hold the lock.
    NotHolder { holder: Option<Owner> },
    /// A release that failed, by the holder.
    StillHeld,
    /// A refusal that asserts a holder, while there was none.
    NotBusy,
    /// Anything else.
    Other,
}

/// The operation whose return breaks the history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Culprit {
    pub(super) process: Owner,
    pub(super) lock: LockId,
    pub(super) called: u64,
    pub(super) returned: u64,
    pub(super) outcome: Outcome,
}

/// What an explanation may need to know of one lock's past: bounded, and kept event by event.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Facts {
    trails: BTreeMap<Owner, Trail>,
    /// The largest token, who got it, and when.
    newest: Option<(Token, Owner, u64)>,
}

/// What is known of one process.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Trail {
    /// When the first grant of its last hold returned.
    granted: Option<u64>,
    /// Grants of that hold, less its releases.
    depth: u32,
    /// When it last called a release since then.
    release_called: Option<u64>,
    /// When a release by it last returned ok.
    released: Option<u64>,
    /// When its lease last ended since then.
    lease_ended: Option<u64>,
}

impl Facts {
    /// Takes note of a call.
    pub(super) fn called(&mut self, process: Owner, action: Action, at: u64) {
        let trail = self.trails.entry(process).or_default();
        match action {
            Action::Acquire => {}
            Action::Release => trail.release_called = Some(at),
            Action::LeaseEnded => {
                trail.lease_ended = Some(at);
                trail.depth = 0;
            }
        }
    }

    /// Takes note of a return.
    pub(super) fn returned(&mut self, process: Owner, action: Action, outcome: Outcome, at: u64) {
        let Outcome::Ok(token) = outcome else { return };
        let trail = self.trails.entry(process).or_default();
        match action {
            Action::Acquire if trail.depth > 0 => trail.depth += 1,
            Action::Acquire => {
                *trail = Trail { granted: Some(at), depth: 1, ..Trail::default() };
            }
            Action::Release => {
                trail.depth = trail.depth.saturating_sub(1);
                trail.released = Some(at);
            }
            Action::LeaseEnded => {}
        }
        if let Some(token) = token.filter(|_| action == Action::Acquire)
            && self.newest.is_none_or(|(newest, ..)| newest < token)
        {
            self.newest = Some((token, process, at));
        }
    }

    /// Says why this return does not fit; to be asked before the return is noted.
    pub(super) fn reason(&self, culprit: &Culprit, cause: Cause) -> String {
        let Culprit { process, lock, called, .. } = *culprit;
        let at = Time(culprit.returned);
        match cause {
            Cause::Held { by } => {
                let hold = self.hold_of(by);
                format!("{process}'s acquire of {lock} returned at {at} although {hold}")
            }
            Cause::HeldItself => format!(
                "{process}'s acquire of {lock} returned at {at} although it had held the lock \
                 itself{}, and the lock is not reentrant",
                self.since(process),
            ),
            Cause::Token => self.token_reason(culprit),
            Cause::NotHolder { holder } => {
                let why = self.not_holding(process);
                let other = holder.map(|holder| format!("; {holder} held it"));
                format!(
                    "{process}'s release of {lock} returned ok at {at} although {why}{}",
                    other.unwrap_or_default(),
                )
            }
            Cause::StillHeld => format!(
                "{process}'s release of {lock} failed at {at} although it had held the lock{} \
                 and its lease had not ended",
                self.since(process),
            ),
            Cause::NotBusy => format!(
                "{process}'s acquire of {lock}, called at {}, was refused at {at} although nobody \
                 whom the lock refuses for held it at any moment between",
                Time(called),
            ),
            Cause::Other => format!(
                "no order of the operations on {lock} explains the return of {process}'s \
                 operation at {at}"
            ),
        }
    }

    /// ` since 0.003 s`, as far as it is known.
    fn since(&self, process: Owner) -> String {
        match self.trails.get(&process).and_then(|trail| trail.granted) {
            Some(at) => format!(" since {}", Time(at)),
            None => String::new(),
        }
    }

    /// That this process held the lock, as far as it is known why.
    fn hold_of(&self, by: Owner) -> String {
        match self.trails.get(&by) {
            Some(Trail { granted: Some(at), release_called: None, lease_ended: None, .. }) => {
                format!(
                    "{by}, which acquired it at {}, had not called release and its lease had not \
                     ended",
                    Time(*at),
                )
            }
            Some(Trail { granted: Some(at), depth: 1.., lease_ended: None, .. }) => format!(
                "{by}, which acquired it at {}, had not released it as often as it had acquired \
                 it and its lease had not ended",
                Time(*at),
            ),
            _ => format!(
                "in every order of what happened so far it was held at that moment, for instance \
                 by {by}"
            ),
        }
    }

    /// That this process did not hold the lock, as far as it is known why.
    fn not_holding(&self, process: Owner) -> String {
        match self.trails.get(&process) {
            Some(Trail { lease_ended: Some(at), .. }) => {
                format!("its lease had ended at {}", Time(*at))
            }
            Some(Trail { released: Some(at), depth: 0, .. }) => {
                format!("it had already released it at {}", Time(*at))
            }
            Some(Trail { granted: None, .. }) | None => "it had never been granted it".to_owned(),
            Some(_) => "it did not hold it".to_owned(),
        }
    }

    fn token_reason(&self, culprit: &Culprit) -> String {
        let Culprit { process, lock, .. } = *culprit;
        let at = Time(culprit.returned);
        let token = match culprit.outcome {
            Outcome::Ok(Some(token)) => format!("token {token}"),
            _ => "its token".to_owned(),
        };
        match (self.newest, culprit.outcome) {
            (Some((newest, owner, granted)), Outcome::Ok(Some(token))) if newest >= token => {
                format!(
                    "{process}'s acquire of {lock} returned at {at} with token {token}, which is \
                     not larger than token {newest}, granted to {owner} at {}",
                    Time(granted),
                )
            }
            _ => format!(
                "{process}'s acquire of {lock} returned at {at} with {token}, which does not lie \
                 between the tokens of the grants before and after it"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::linearizable::Semantics;
    use crate::spec::linearizable::cases::broken;

    fn reason(text: &str, semantics: Semantics) -> String {
        broken(text, semantics).1
    }

    #[test]
    fn a_second_holder() {
        let text = "c1 acquire 0..3 ok
                    c2 acquire 1..11000 ok";
        assert_eq!(
            reason(text, Semantics::PLAIN),
            "c2's acquire of L1 returned at 11.000 s although c1, which acquired it at 0.003 s, \
             had not called release and its lease had not ended"
        );
    }

    #[test]
    fn a_second_holder_while_the_first_holds_twice() {
        let text = "c1 acquire 0..3 ok
                    c1 acquire 4..5 ok
                    c1 release 6..7 ok
                    c2 acquire 1..11 ok";
        assert_eq!(
            reason(text, Semantics::REENTRANT),
            "c2's acquire of L1 returned at 0.011 s although c1, which acquired it at 0.003 s, had \
             not released it as often as it had acquired it and its lease had not ended"
        );
    }

    #[test]
    fn a_release_that_rests_on_a_grant_that_never_can_have_been() {
        let text = "c1 acquire 0..3 unknown
                    c1 release 5..7 ok
                    c2 acquire 0..1 ok
                    c2 release 8..9 ok";
        assert_eq!(
            reason(text, Semantics::PLAIN),
            "c1's release of L1 returned ok at 0.007 s although it had never been granted it; \
             c2 held it"
        );
    }

    #[test]
    fn a_holder_that_acquires_again() {
        let text = "c1 acquire 0..3 ok
                    c1 acquire 4..5 ok";
        assert_eq!(
            reason(text, Semantics::PLAIN),
            "c1's acquire of L1 returned at 0.005 s although it had held the lock itself since \
             0.003 s, and the lock is not reentrant"
        );
    }

    #[test]
    fn a_token_that_does_not_grow() {
        let text = "c1 acquire 0..3 ok 5
                    c1 release 4..5 ok
                    c2 acquire 6..7 ok 5";
        assert_eq!(
            reason(text, Semantics::FENCED),
            "c2's acquire of L1 returned at 0.007 s with token 5, which is not larger than token \
             5, granted to c1 at 0.003 s"
        );
        let text = "c1 acquire 0..9 ok 9
                    c1 lease-ended 1..1 ok
                    c2 acquire 2..3 ok 8
                    c1 release 10..11 fail";
        assert_eq!(
            reason(text, Semantics::FENCED),
            "c1's acquire of L1 returned at 0.009 s with token 9, which does not lie between the \
             tokens of the grants before and after it"
        );
    }

    #[test]
    fn a_release_by_somebody_else() {
        let hold = "c1 acquire 0..3 ok\n";
        assert_eq!(
            reason(&format!("{hold} c2 release 4..5 ok"), Semantics::PLAIN),
            "c2's release of L1 returned ok at 0.005 s although it had never been granted it; \
             c1 held it"
        );
        assert_eq!(
            reason(&format!("{hold} c1 release 4..5 ok\n c1 release 6..7 ok"), Semantics::PLAIN),
            "c1's release of L1 returned ok at 0.007 s although it had already released it at \
             0.005 s"
        );
        assert_eq!(
            reason(
                &format!("{hold} c1 lease-ended 4..4 ok\n c1 release 6..7 ok"),
                Semantics::PLAIN
            ),
            "c1's release of L1 returned ok at 0.007 s although its lease had ended at 0.004 s"
        );
    }

    #[test]
    fn a_release_that_fails_the_holder() {
        let text = "c1 acquire 0..3 ok
                    c1 release 4..5 fail";
        assert_eq!(
            reason(text, Semantics::PLAIN),
            "c1's release of L1 failed at 0.005 s although it had held the lock since 0.003 s and \
             its lease had not ended"
        );
    }

    #[test]
    fn a_second_holder_while_the_first_was_never_seen_to_hold() {
        let strict = Semantics { busy_means_held: true, ..Semantics::PLAIN };
        let text = "c1 acquire 0..1 unknown
                    c2 acquire 5..6 fail
                    c3 acquire 7..8 ok";
        assert_eq!(
            reason(text, strict),
            "c3's acquire of L1 returned at 0.008 s although in every order of what happened so \
             far it was held at that moment, for instance by c1"
        );
    }

    #[test]
    fn a_refusal_without_a_holder() {
        let strict = Semantics { busy_means_held: true, ..Semantics::PLAIN };
        let text = "c1 acquire 0..3 ok
                    c1 release 4..5 ok
                    c2 acquire 6..7 fail";
        assert_eq!(
            reason(text, strict),
            "c2's acquire of L1, called at 0.006 s, was refused at 0.007 s although nobody whom \
             the lock refuses for held it at any moment between"
        );
    }
}
