//! A follower by itself, whose leaders overwrite and repeat.

use super::*;
use crate::raft::log::{Configuration, Term};
use crate::raft::testing::{hears, server};

fn append(term: u64, after: (u64, u64), entries: &[(u64, Proposal)]) -> Message {
    let entry = |(term, proposal): &(u64, Proposal)| {
        Arc::new(Entry { term: Term(*term), proposal: proposal.clone() })
    };
    Message::AppendEntries(AppendEntries {
        term: Term(term),
        prev_log_index: Index(after.0),
        prev_log_term: Term(after.1),
        entries: entries.iter().map(entry).collect(),
        leader_commit: Index(0),
        round: 1,
    })
}

#[test]
fn a_configuration_that_is_overwritten_is_in_force_no_more() {
    let mut follower = server(1);
    let everybody = follower.configuration().clone();
    let fewer = Configuration::from([ServerId(1), ServerId(2)]);
    let reconfigured = append(1, (0, 0), &[(1, Proposal::Configuration(fewer.clone()))]);
    hears(&mut follower, 2, reconfigured);
    assert_eq!(*follower.configuration(), fewer);
    hears(&mut follower, 3, append(2, (0, 0), &[(2, Proposal::NoOp)]));
    assert_eq!(*follower.configuration(), everybody);
}

/// What it has discarded is committed, so an old message about it matches.
#[test]
fn what_was_discarded_matches() {
    let mut follower = server(1);
    let no_ops: Vec<(u64, Proposal)> = (0..4).map(|_| (1, Proposal::NoOp)).collect();
    hears(&mut follower, 2, append(1, (0, 0), &no_ops[..3]));
    follower.kept.log.discard_up_to(Index(2));
    let matches = |up_to| [format!("to s2: matches up to {up_to}, term 1, round 1")];
    assert_eq!(hears(&mut follower, 2, append(1, (1, 1), &no_ops[..1])), matches(2));
    assert_eq!(hears(&mut follower, 2, append(1, (0, 0), &no_ops[..1])), matches(2));
    assert_eq!(hears(&mut follower, 2, append(1, (1, 1), &no_ops[..3])), matches(4));
    assert_eq!(follower.log().last().index, Index(4));
}
