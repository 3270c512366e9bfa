//! How often snapshots are taken, and how one comes to another server.

use super::*;
use crate::id::{ClientId, Owner};
use crate::raft::lock_table::Operation;
use crate::raft::log::Term;
use crate::raft::testing::{hears, leader, server};

#[test]
fn a_large_table_waits_for_a_longer_log() {
    assert_eq!(entries_between(128, 0), 128);
    assert_eq!(entries_between(128, 1_024), 128);
    assert_eq!(entries_between(128, 1_032), 129);
    assert_eq!(entries_between(128, 20_000), 2_500);
    assert_eq!(entries_between(u64::MAX, 20_000), u64::MAX, "never");
}

/// A snapshot of five sessions.
fn snapshot() -> Snapshot {
    let mut table = LockTable::default();
    for client in 1..=5 {
        let owner = Owner::first(ClientId(client));
        let open = Operation::OpenSession { owner, attempt: 1, instead_of: None };
        table.apply(Index(u64::from(client)), &open, &mut Vec::new());
    }
    let last = Position { index: Index(9), term: Term(1), digest: 7 };
    Snapshot { last, configuration: (0..3).map(ServerId::at).collect(), table }
}

/// A leader that is sending a snapshot to the second server, two rows at a time; that has two.
fn sends() -> Server {
    let mut leader = leader();
    leader.settings.snapshot_chunk = 2;
    let snapshot = Arc::new(snapshot());
    leader.kept.log.begin_after(snapshot.last);
    leader.kept.snapshot = Some(snapshot.clone());
    let follower = leader.leader().expect("it leads").followers.get_mut(&ServerId(2));
    follower.expect("it follows").sending = Some(Sending { snapshot, offset: 2 });
    leader
}

fn installed(last: u64, wants: Option<usize>) -> Message {
    Message::Installed(Installed { term: Term(1), round: 1, last: Index(last), wants })
}

#[test]
fn what_is_wanted_next_is_sent_once() {
    let mut leader = sends();
    let nothing: [String; 0] = [];
    assert_eq!(hears(&mut leader, 2, installed(9, Some(2))), nothing, "it was sent before");
    let next = "to s2: InstallSnapshot term 1, up to 9.1, 1 rows from 4, the last, round 1";
    assert_eq!(hears(&mut leader, 2, installed(9, Some(4))), [next]);
    assert_eq!(hears(&mut leader, 2, installed(9, Some(4))), nothing);
}

#[test]
fn an_answer_about_another_snapshot_moves_nothing() {
    let mut leader = sends();
    assert_eq!(hears(&mut leader, 2, installed(8, Some(4))), [] as [String; 0]);
    let offset = |server: &Server| match &server.state {
        State::Leader(leader) => {
            leader.followers[&ServerId(2)].sending.as_ref().map(|one| one.offset)
        }
        _ => None,
    };
    assert_eq!(offset(&leader), Some(2));
    hears(&mut leader, 2, installed(8, None));
    assert_eq!(offset(&leader), Some(2), "it has less than what it is sent");
    hears(&mut leader, 2, installed(9, None));
    assert_eq!(offset(&leader), None);
}

fn install(term: u64, rows: Vec<Row>, done: bool) -> Message {
    let Snapshot { last, configuration, .. } = snapshot();
    let (term, round, offset) = (Term(term), 1, 0);
    Message::InstallSnapshot(InstallSnapshot {
        term,
        last,
        configuration,
        offset,
        rows,
        done,
        round,
    })
}

#[test]
fn a_snapshot_of_an_older_term_is_not_for_it() {
    let mut follower = server(4);
    let before = follower.clone();
    let all = snapshot().table.rows(0, usize::MAX);
    let refuses = "to s2: wants row 0 of the snapshot up to 9, term 4, round 1";
    assert_eq!(hears(&mut follower, 2, install(3, all.clone(), true)), [refuses]);
    assert_eq!(follower, before);
    let takes = "to s2: has everything up to 9, term 4, round 1";
    assert_eq!(hears(&mut follower, 2, install(4, all, true)), [takes]);
    assert_eq!(follower.table(), &snapshot().table);
    assert_eq!((follower.commit_index(), follower.last_applied()), (Index(9), Index(9)));
    assert_eq!(follower.log().last(), snapshot().last);
}

#[test]
fn what_is_known_to_be_committed_is_not_installed_again() {
    let mut follower = server(4);
    follower.table = LockTable::of_rows(snapshot().table.rows(0, 1));
    follower.commit_index = Index(9);
    let before = follower.table.clone();
    hears(&mut follower, 2, install(4, Vec::new(), true));
    assert_eq!(*follower.table(), before);
}
