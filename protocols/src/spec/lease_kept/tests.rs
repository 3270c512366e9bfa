//! Leases lost by hand.

use super::super::testing::{History, is_idle};
use super::*;
use crate::id::{Incarnation, ServerId};

fn renewing() -> LeaseKept {
    LeaseKept::new(true)
}

fn plain() -> LeaseKept {
    LeaseKept::new(false)
}

/// Client 1 holds L1 from time zero, with a lease of ten seconds.
fn holds() -> History {
    History::new().acquires(1, 1).leased(1, 1, 10_000).owners(1, [1]).granted(1, 1, None)
}

fn server(history: History, event: HostEvent) -> History {
    history.host(ServerId(1), event)
}

#[test]
fn a_lease_that_ends_early_breaks_it_whoever_was_in_trouble() {
    let history = holds().at(3000).pauses(1).at(9000).expired(1, 1).owners(1, []);
    let reason = "9.000 s: the servers took L1 away from c1 at 9.000 s, though his lease ran until \
                  10.000 s";
    assert_eq!(history.break_of(renewing()), reason);
    assert_eq!(history.break_of(plain()), reason);
}

/// Of the leases of several servers that counts by which the account changed.
#[test]
fn the_lease_of_the_server_that_drops_the_owner_counts() {
    let lease = |of: &History, millis| {
        let (lock, owner) = (LockId(1), of.owner(1));
        LeaseEvent::Granted { lock, owner, lease: Some(Duration::from_millis(millis)) }
    };
    let history = History::new().acquires(1, 1);
    let (short, long) = (lease(&history, 5000), lease(&history, 20_000));
    let history = history.see(ServerId(2), long).see(ServerId(1), short);
    let history = history.owners(1, [1]).granted(1, 1, None).at(6000);
    assert!(!history.owners(1, []).judge(plain()).is_broken(), "server 1 has let it run out");
    let history = History::new().acquires(1, 1).see(ServerId(2), short).see(ServerId(1), long);
    let history = history.owners(1, [1]).granted(1, 1, None).at(6000);
    assert!(history.owners(1, []).judge(plain()).is_broken(), "server 1 has not");
}

#[test]
fn a_renewed_lease_counts_from_the_renewal() {
    let history = holds().at(3000).renewed(1, 1, 10_000).at(12_899).expired(1, 1).owners(1, []);
    assert!(history.judge(plain()).is_broken());
    let history = holds().at(3000).renewed(1, 1, 10_000).at(12_900).expired(1, 1).owners(1, []);
    assert_eq!(history.judge(plain()), Verdict::Held);
}

#[test]
fn a_lock_that_renews_must_not_run_out_under_an_owner_left_alone() {
    let history = holds().at(10_000).expired(1, 1).owners(1, []);
    assert_eq!(
        history.break_of(renewing()),
        "10.000 s: the servers took L1 away from c1 at 10.000 s, though nothing kept him from \
         renewing his lease of 10s"
    );
    assert_eq!(history.judge(plain()), Verdict::Held);
}

#[test]
fn trouble_in_the_last_half_of_the_lease_excuses_and_earlier_trouble_does_not() {
    let troubled = |from, to| {
        holds()
            .at(from)
            .host(ClientId(1), HostEvent::Afflicted)
            .host(ClientId(1), HostEvent::Afflicted)
            .at(from + 1)
            .host(ClientId(1), HostEvent::Relieved)
            .at(to)
            .host(ClientId(1), HostEvent::Relieved)
            .at(10_000)
            .owners(1, [])
    };
    assert_eq!(troubled(3000, 5001).judge(renewing()), Verdict::Held);
    assert!(troubled(3000, 5000).judge(renewing()).is_broken());
    let paused = holds().at(1000).pauses(1).at(10_000).owners(1, []);
    assert_eq!(paused.judge(renewing()), Verdict::Held);
    let resumed = holds().at(1000).pauses(1).at(2000).resumes(1);
    let resumed = resumed.at(10_000).owners(1, []);
    assert!(resumed.judge(renewing()).is_broken());
}

#[test]
fn the_trouble_of_others_does_not_excuse_a_drop() {
    let history = holds().at(1000).pauses(2).at(10_000).owners(1, []);
    assert!(history.judge(renewing()).is_broken());
}

#[test]
fn a_lock_without_end_is_never_taken_away() {
    let history = History::new()
        .leased(1, 1, None)
        .owners(1, [1])
        .takes(1, 1, None)
        .pauses(1)
        .at(90_000)
        .owners(1, []);
    let reason = history.break_of(plain());
    assert!(reason.ends_with("which was his without end"), "{reason}");
}

#[test]
fn who_gives_back_loses_or_dies_is_not_robbed() {
    let given_back = holds().at(1).releases(1, 1).owners(1, []);
    assert_eq!(given_back.judge(renewing()), Verdict::Held);
    let dead = holds().at(1).crashes(1).owners(1, []);
    assert_eq!(dead.judge(renewing()), Verdict::Held);
    let reborn = holds().at(1).crashes(1).starts(1).takes(1, 2, None);
    assert_eq!(reborn.owners(1, []).judge(renewing()), Verdict::Held);
    let lost = holds().pauses(2).at(9000).lost(1, 1).owners(1, []);
    assert_eq!(lost.judge(renewing()), Verdict::Held);
}

#[test]
fn one_of_two_holds_given_back_is_still_robbed() {
    let history = holds().takes(1, 1, None).releases(1, 1).at(5).owners(1, []);
    assert!(history.judge(renewing()).is_broken());
}

#[test]
fn a_lock_that_renews_must_not_give_up_for_nothing() {
    let history = holds().at(9500).lost(1, 1);
    assert_eq!(
        history.break_of(renewing()),
        "9.500 s: c1 lost L1 at 9.500 s, though nothing anywhere kept it from renewing its lease \
         of 10s"
    );
    assert_eq!(history.judge(plain()), Verdict::Held);
    let troubled = server(holds().at(4000), HostEvent::Paused).at(4501);
    let troubled = server(troubled, HostEvent::Resumed).at(9500).lost(1, 1);
    assert_eq!(troubled.judge(renewing()), Verdict::Held);
}

#[test]
fn a_pause_that_ends_in_a_crash_is_over() {
    let paused = server(History::new(), HostEvent::Paused).at(1);
    let crashed = server(paused, HostEvent::Crashed).at(2);
    let back = server(crashed, HostEvent::Started(Incarnation(2))).at(10_000);
    let granted = back.leased(1, 1, 10_000).owners(1, [1]).takes(1, 1, None);
    assert!(granted.lost(1, 1).judge(renewing()).is_broken());
}

#[test]
fn what_a_client_had_in_an_earlier_life_is_not_taken_from_the_present_one() {
    let reborn = holds().at(1).crashes(1).starts(1).takes(1, 1, None);
    assert_eq!(reborn.owners(1, [1]).judge(renewing()), Verdict::Held);
}

#[test]
fn hearing_late_of_a_lease_that_ended_rightly_is_no_second_break() {
    let history = holds()
        .at(1000)
        .pauses(1)
        .at(10_000)
        .owners(1, [])
        .at(15_000)
        .resumes(1)
        .at(60_000)
        .lost(1, 1);
    assert_eq!(history.judge(renewing()), Verdict::Held);
}

#[test]
fn a_server_that_comes_back_with_its_leases_took_nothing() {
    let down = server(holds().at(2000), HostEvent::Crashed).owners(1, []);
    assert_eq!(down.judge(renewing()), Verdict::Held);
    let up = server(down.at(3000), HostEvent::Started(Incarnation(2)));
    let back = up.owners(1, [1]).at(20_000);
    assert_eq!(back.judge(renewing()), Verdict::Held);
}

#[test]
fn a_server_that_forgets_its_leases_breaks_it() {
    let forgets = || {
        let down = server(holds().at(2000), HostEvent::Crashed).owners(1, []);
        server(down.at(3000), HostEvent::Started(Incarnation(2)))
    };
    let other = forgets().at(4000).owners(1, [2]);
    assert_eq!(
        other.break_of(plain()),
        "2.000 s: the servers took L1 away from c1 at 2.000 s, though his lease ran until \
         10.000 s (c2 owned it at 4.000 s)"
    );
    assert!(forgets().at(4000).lost(1, 1).judge(plain()).is_broken());
    assert!(forgets().at(8000).judge(plain()).is_broken());
    assert_eq!(forgets().at(7999).judge(plain()), Verdict::Held);
    let given_back = forgets().at(4000).releases(1, 1).owners(1, [2]);
    assert_eq!(given_back.judge(plain()), Verdict::Held);
    let dead = forgets().at(4000).crashes(1).owners(1, [2]);
    assert_eq!(dead.judge(plain()), Verdict::Held);
    let again = forgets().at(4000).owners(1, [1]).at(9000);
    assert_eq!(again.judge(plain()), Verdict::Held);
}

#[test]
fn what_ends_with_the_lease_is_not_taken_by_a_server_that_is_down() {
    let down = || server(holds().at(2000), HostEvent::Crashed).owners(1, []);
    let back = |at| server(down().at(at), HostEvent::Started(Incarnation(2)));
    let later = back(3000).at(9900).owners(1, [2]);
    assert_eq!(later.judge(plain()), Verdict::Held);
    let cautious = down().at(9000).lost(1, 1).at(9500).owners(1, [2]);
    assert_eq!(cautious.judge(plain()), Verdict::Held);
    let long_down = back(6000).at(60_000);
    assert_eq!(long_down.judge(plain()), Verdict::Held);
    let over = server(holds().at(9950), HostEvent::Crashed).owners(1, []);
    assert_eq!(over.judge(plain()), Verdict::Held);
    assert!(over.judge(renewing()).is_broken());
}

#[test]
fn a_lease_that_is_reported_late_by_a_stalled_server_counts_from_the_stall() {
    let stalled = |from| {
        let stalled = server(History::new().at(from), HostEvent::Afflicted).acquires(1, 1);
        let reported = stalled.at(3000).leased(1, 1, 10_000).owners(1, [1]);
        let relieved = server(reported.granted(1, 1, None), HostEvent::Relieved);
        relieved.at(11_000).expired(1, 1).owners(1, []).judge(plain())
    };
    assert_eq!(stalled(1000), Verdict::Held);
    assert!(stalled(2000).is_broken());
}

#[test]
fn a_failover_that_gives_the_lock_away_at_once_breaks_it() {
    let down = server(holds().at(2000), HostEvent::Crashed);
    assert!(down.owners(1, [2]).judge(plain()).is_broken());
}

#[test]
fn without_a_granted_lease_nothing_is_proved() {
    let ungranted = History::new().leased(1, 1, 10).owners(1, [1]);
    assert!(is_idle(&ungranted.judge(renewing())));
    let stranger = History::new().leased(1, 1, 10).takes(2, 1, None);
    assert!(is_idle(&stranger.judge(renewing())));
}
