//! Three servers by hand, in states that the rules of the paper never lead to: each property is seen
//! to break, and what is allowed is seen to hold.

use super::*;
use crate::contract::Protocol;
use crate::id::{ClientId, Incarnation, LockId, Owner};
use crate::raft::lock_table::Operation;
use crate::raft::log::{Entry, Log, Proposal, Term};
use crate::raft::message::Query;
use crate::raft::{Answered, Leader, RaftDisk, Read, State};
use crate::system::Machine;
use std::collections::BTreeMap;
use std::sync::Arc;

struct Cluster {
    machines: Vec<Machine<Server>>,
    facts: Facts,
}

impl Cluster {
    fn of(servers: usize) -> Self {
        let raft = Raft { servers, ..Raft::default() };
        let mut machines = Vec::new();
        for index in 0..servers {
            let mut machine = Machine::default();
            machine.start(|disk: &RaftDisk| raft.server(ServerId::at(index), disk));
            machines.push(machine);
        }
        Self { machines, facts: Facts::default() }
    }

    fn server(&mut self, number: usize) -> &mut Server {
        self.machines[number - 1].node_mut().expect("it is up")
    }

    fn look(&mut self, number: u32) -> Accord {
        look(Servers::new(&self.machines), ServerId(number), &mut self.facts)
    }

    #[track_caller]
    fn is_broken(&mut self, number: u32, reason: &str) {
        assert_eq!(self.look(number), Accord::Broken(reason.to_owned()));
    }

    #[track_caller]
    fn is_fine(&mut self, number: u32) {
        let accord = self.look(number);
        assert!(!matches!(accord, Accord::Broken(_)), "{accord:?}");
    }
}

/// A log whose entries have these terms.
fn log(terms: &[u64]) -> Log {
    let entry = |term: &u64| Arc::new(Entry { term: Term(*term), proposal: Proposal::NoOp });
    let mut log = Log::default();
    let slots = log.chained(Index(0), terms.iter().map(entry).collect());
    log.replace_after(Index(0), &slots);
    log
}

impl Server {
    fn votes_for(&mut self, term: u64, candidate: Option<u32>) {
        self.kept.current_term = Term(term);
        self.kept.voted_for = candidate.map(ServerId);
    }

    fn has(&mut self, terms: &[u64], commit_index: u64) {
        self.kept.log = log(terms);
        self.commit_index = Index(commit_index);
    }

    fn leads_in(&mut self, term: u64) {
        self.kept.current_term = Term(term);
        self.state = State::Leader(Box::new(Leader {
            followers: BTreeMap::new(),
            first: Index(1),
            round: 0,
            proposals: Vec::new(),
            reads: Vec::new(),
            transfer: None,
            learner: None,
        }));
    }
}

#[test]
fn a_term_has_one_leader() {
    let mut cluster = Cluster::of(3);
    cluster.server(1).leads_in(1);
    assert_eq!(cluster.look(1), Accord::NothingToAgree, "nothing is committed");
    cluster.server(3).leads_in(2);
    cluster.is_fine(3);
    cluster.server(2).leads_in(1);
    cluster.is_broken(2, "both s1 and s2 lead in term 1");
}

#[test]
fn a_vote_that_was_given_stays() {
    let mut cluster = Cluster::of(3);
    cluster.server(1).votes_for(1, Some(2));
    cluster.is_fine(1);
    cluster.is_fine(1);
    cluster.server(1).votes_for(1, Some(3));
    cluster.is_broken(1, "s1 voted for s2 in term 1 and has forgotten it");
    cluster.server(1).votes_for(2, Some(3));
    cluster.is_broken(1, "s1 voted for s3 and for s2 in term 1");
}

#[test]
fn a_vote_and_a_term_outlast_a_life_once_they_are_durable() {
    let mut cluster = Cluster::of(3);
    // Another step of the same life shows that the writes of the one before are on disk.
    cluster.server(1).votes_for(3, Some(2));
    cluster.is_fine(1);
    cluster.server(1).answered =
        Some(Answered { client: ClientId(1), number: 1, applied: Index(0) });
    cluster.is_fine(1);
    cluster.server(1).life = Incarnation(2);
    cluster.server(1).votes_for(3, None);
    cluster.is_broken(1, "s1 voted for s2 in term 3 and has forgotten it");
    cluster.server(1).votes_for(2, None);
    cluster.is_broken(1, "s1 went back from term 3 to term 2");

    let mut cluster = Cluster::of(3);
    cluster.server(1).votes_for(3, Some(2));
    cluster.is_fine(1);
    cluster.server(1).life = Incarnation(2);
    cluster.server(1).votes_for(2, None);
    cluster.is_fine(1);
}

#[test]
fn logs_with_one_entry_alike_are_alike_up_to_there() {
    let mut cluster = Cluster::of(3);
    cluster.server(1).has(&[1, 2, 3], 0);
    cluster.is_fine(1);
    cluster.server(2).has(&[1, 2], 0);
    cluster.is_fine(2);
    cluster.server(3).has(&[1, 1], 0);
    cluster.is_fine(3);
    cluster.server(3).has(&[2, 2, 3, 4], 0);
    cluster.is_broken(3, "the log of s3 differs at or before 3.3");
}

/// The last entry that was discarded counts, and what is before it does not.
#[test]
fn logs_are_compared_from_where_they_begin() {
    let mut cluster = Cluster::of(3);
    cluster.server(1).has(&[1, 2, 3], 0);
    cluster.server(1).kept.log.discard_up_to(Index(2));
    cluster.is_fine(1);
    assert_eq!(cluster.facts.get(("log", 1, 1)), None);
    assert!(cluster.facts.get(("log", 2, 2)).is_some());
    cluster.server(2).has(&[3, 2], 0);
    cluster.is_broken(2, "the log of s2 differs at or before 2.2");
}

#[test]
fn a_commit_index_does_not_go_back_within_a_life() {
    let mut cluster = Cluster::of(3);
    for number in 1..=3 {
        cluster.server(number).has(&[1, 1], 0);
    }
    cluster.server(1).commit_index = Index(2);
    assert_eq!(cluster.look(1), Accord::Kept);
    cluster.server(1).commit_index = Index(1);
    cluster.is_broken(1, "the commit index of s1 went back: 2, 1");
    cluster.server(1).commit_index = Index(2);
    cluster.is_fine(1);
    cluster.server(1).life = Incarnation(2);
    cluster.server(1).commit_index = Index(0);
    cluster.is_fine(1);
}

#[test]
fn who_commits_an_entry_has_it_and_it_is_everybodys() {
    let mut cluster = Cluster::of(3);
    cluster.server(1).has(&[1, 1], 3);
    cluster.is_broken(1, "s1 has committed 3, which it does not have");

    let mut cluster = Cluster::of(3);
    cluster.server(1).has(&[1, 1], 1);
    cluster.server(2).has(&[1, 2], 0);
    cluster.server(3).has(&[1, 1], 0);
    cluster.is_fine(1);
    cluster.server(1).commit_index = Index(2);
    cluster.is_broken(
        1,
        "s1 has committed entry 2, which s2 does not have, though 3 of 3 would vote for s2",
    );
    cluster.server(2).commit_index = Index(2);
    cluster.is_broken(2, "s2 has committed another entry 2 than others had");
}

/// Figure 8 of the paper, and what keeps it from happening.
#[test]
fn what_is_committed_cannot_be_voted_away() {
    let cluster_with = |third: &[u64]| {
        let mut cluster = Cluster::of(3);
        cluster.server(1).has(&[1, 2], 2);
        cluster.server(2).has(&[1], 0);
        cluster.server(3).has(third, 0);
        cluster
    };
    cluster_with(&[1, 2]).is_fine(1);
    let figure_8 =
        "s1 has committed entry 2, which s3 does not have, though 3 of 3 would vote for s3";
    cluster_with(&[1, 3]).is_broken(1, figure_8);
    // A log of the same length and an older term: one vote besides its own.
    let older = "s1 has committed entry 2, which s2 does not have, though 2 of 3 would vote for s2";
    cluster_with(&[1]).is_broken(1, older);
    // Who is down cannot vote.
    let mut cluster = cluster_with(&[1]);
    cluster.machines[2].crash();
    cluster.is_fine(1);
    // Who has discarded the entry has it.
    let mut cluster = cluster_with(&[1, 2, 3]);
    cluster.server(3).kept.log.discard_up_to(Index(3));
    cluster.is_fine(1);
    // Unless it was another one.
    let mut cluster = cluster_with(&[1, 3]);
    cluster.server(3).kept.log.discard_up_to(Index(2));
    cluster.is_broken(1, figure_8);
}

/// Two of four are no majority, three of five are one.
#[test]
fn half_of_the_votes_are_not_enough() {
    let mut cluster = Cluster::of(5);
    cluster.server(1).has(&[1, 2], 2);
    cluster.server(2).has(&[1, 2], 0);
    cluster.is_broken(
        1,
        "s1 has committed entry 2, which s3 does not have, though 3 of 5 would vote for s3",
    );

    let mut cluster = Cluster::of(4);
    cluster.server(1).has(&[1, 2], 2);
    cluster.server(2).has(&[1, 2], 0);
    cluster.server(3).has(&[1], 0);
    cluster.server(4).has(&[1], 0);
    cluster.is_fine(1);
}

#[test]
fn a_leader_only_appends() {
    let mut cluster = Cluster::of(3);
    cluster.server(1).leads_in(2);
    cluster.server(1).has(&[1, 2], 0);
    cluster.is_fine(1);
    cluster.server(1).has(&[1, 2, 2], 0);
    cluster.is_fine(1);
    cluster.server(1).kept.log.discard_up_to(Index(3));
    cluster.is_fine(1);
    cluster.server(1).has(&[1, 2, 1], 0);
    cluster.is_broken(1, "s1 leads in term 2 and has changed its log at 3");
    cluster.server(1).kept.log.discard_up_to(Index(3));
    cluster.is_broken(1, "s1 leads in term 2 and has changed its log at 3");
    // What is discarded cannot be compared.
    cluster.server(1).has(&[1, 2, 2, 2, 2], 0);
    cluster.server(1).kept.log.discard_up_to(Index(5));
    cluster.is_fine(1);

    let mut cluster = Cluster::of(3);
    cluster.server(1).leads_in(2);
    cluster.server(1).has(&[1, 2], 0);
    cluster.is_fine(1);
    cluster.server(1).has(&[1], 0);
    cluster.is_broken(1, "s1 leads in term 2 and has changed its log at 2");
}

#[test]
fn who_leads_has_what_was_committed() {
    let mut cluster = Cluster::of(3);
    for number in 1..=3 {
        cluster.server(number).has(&[1, 2], 0);
        cluster.server(number).kept.current_term = Term(2);
    }
    cluster.server(1).commit_index = Index(2);
    cluster.is_fine(1);
    // A leader of an older term may have been deposed without knowing it.
    cluster.server(2).leads_in(1);
    cluster.server(2).has(&[1], 0);
    cluster.is_fine(2);
    cluster.server(3).leads_in(3);
    cluster.is_fine(3);
    cluster.server(3).kept.log.discard_up_to(Index(2));
    cluster.is_fine(3);
    cluster.server(2).leads_in(4);
    cluster.is_broken(2, "s2 leads in term 4 without entry 2, which was committed before");
    // It has discarded up to there, but another one.
    cluster.server(3).leads_in(5);
    cluster.server(3).has(&[1, 3], 0);
    cluster.server(3).kept.log.discard_up_to(Index(2));
    cluster.is_broken(3, "s3 leads in term 5 without entry 2, which was committed before");
}

/// The moment that something is committed is a look at every leader.
#[test]
fn who_leads_while_something_is_committed_must_have_it() {
    for term in [2, 3] {
        let mut cluster = Cluster::of(3);
        cluster.server(1).has(&[1, 2], 2);
        cluster.server(1).kept.current_term = Term(2);
        cluster.server(2).has(&[1, 2], 0);
        cluster.server(3).leads_in(term);
        let without = "without entry 2, which was committed before";
        cluster.is_broken(1, &format!("s3 leads in term {term} {without}"));
    }
}

/// A table with one session for each of these clients.
fn table(clients: u32) -> crate::raft::lock_table::LockTable {
    let mut table = crate::raft::lock_table::LockTable::default();
    for client in 1..=clients {
        let owner = Owner::first(ClientId(client));
        let open = Operation::OpenSession { owner, attempt: 1, instead_of: None };
        table.apply(Index(u64::from(client)), &open, &mut Vec::new());
    }
    table
}

#[test]
fn the_same_entries_make_the_same_table() {
    let mut cluster = Cluster::of(3);
    cluster.server(1).table = table(1);
    cluster.server(1).last_applied = Index(7);
    cluster.is_fine(1);
    cluster.server(2).last_applied = Index(6);
    cluster.is_fine(2);
    cluster.server(2).last_applied = Index(7);
    cluster.is_broken(2, "s2 has another lock table after entry 7 than others had");
    cluster.server(3).table = table(1);
    cluster.server(3).last_applied = Index(7);
    cluster.is_fine(3);
}

/// To hash a large table costs more than the step that changed it.
#[test]
fn a_large_table_is_compared_now_and_then() {
    let small = SMALL_TABLE as u32;
    for (rows, applied, compared) in
        [(small, 7, true), (small + 1, 7, false), (small + 1, 256, true)]
    {
        let mut cluster = Cluster::of(3);
        for (number, table) in [(1, table(rows)), (2, table(rows + 1))] {
            cluster.server(number).table = table;
            cluster.server(number).last_applied = Index(applied);
        }
        // The other has one row more, and so may be too large to be compared.
        if rows == small {
            cluster.server(2).table = table(rows - 1);
        }
        cluster.is_fine(1);
        assert_eq!(matches!(cluster.look(2), Accord::Broken(_)), compared, "{rows} at {applied}");
    }
}

/// A server that led, committed its entries, and answered a question as of `applied`.
fn answered(number: u64, applied: u64) -> Option<Answered> {
    Some(Answered { client: ClientId(9), number, applied: Index(applied) })
}

#[test]
fn an_answer_knows_what_was_committed_when_the_question_came() {
    let cluster = || {
        let mut cluster = Cluster::of(3);
        for number in 1..=3 {
            cluster.server(number).has(&[1, 1, 1], 0);
            cluster.server(number).kept.current_term = Term(1);
        }
        cluster.server(1).leads_in(1);
        cluster.server(1).commit_index = Index(2);
        cluster.is_fine(1);
        cluster
    };
    let ask = |cluster: &mut Cluster, number: u64| {
        let State::Leader(leader) = &mut cluster.server(1).state else { panic!("it leads") };
        let query = Query { number, lock: LockId(1) };
        leader.reads = vec![Read { client: ClientId(9), query, round: 1, read_index: None }];
    };
    // It was asked while two entries were committed, and answers later as of these.
    let mut asked_before = cluster();
    ask(&mut asked_before, 4);
    asked_before.is_fine(1);
    asked_before.server(1).commit_index = Index(3);
    asked_before.is_fine(1);
    asked_before.server(1).answered = answered(4, 2);
    asked_before.is_fine(1);
    ask(&mut asked_before, 5);
    asked_before.is_fine(1);
    asked_before.server(1).answered = answered(5, 2);
    asked_before.is_broken(
        1,
        "s1 answered question 5 of c9 as of entry 2, though 3 was committed when it came",
    );

    // It was asked and answered in one step: what was committed before the step counts.
    let mut at_once = cluster();
    at_once.server(1).answered = answered(1, 2);
    at_once.is_fine(1);
    at_once.server(1).answered = answered(2, 1);
    at_once.is_broken(
        1,
        "s1 answered question 2 of c9 as of entry 1, though 2 was committed when it came",
    );
}

/// Facts about what is far behind the newest committed entry are forgotten, a portion at a time.
#[test]
fn what_is_far_behind_is_forgotten() {
    let long = log(&vec![1; REMEMBERED as usize + 20]);
    let mut cluster = Cluster::of(3);
    for number in 1..=3 {
        cluster.server(number).kept.log = long.clone();
    }
    for committed in [REMEMBERED - 1, REMEMBERED, REMEMBERED + 9] {
        cluster.server(1).commit_index = Index(committed);
        cluster.is_fine(1);
        assert!(cluster.facts.get(("entry", 1, 0)).is_some(), "at {committed}");
    }
    let longer = log(&vec![1; 2 * REMEMBERED as usize + 20]);
    for number in 1..=3 {
        cluster.server(number).kept.log = longer.clone();
    }
    cluster.server(1).commit_index = Index(2 * REMEMBERED + 5);
    cluster.is_fine(1);
    assert_eq!(cluster.facts.get(("entry", REMEMBERED + 4, 0)), None);
    assert_eq!(cluster.facts.get(("log", REMEMBERED + 4, 1)), None);
    assert!(cluster.facts.get(("entry", REMEMBERED + 5, 0)).is_some());
}

#[test]
fn a_server_that_is_down_or_as_it_was_says_nothing_new() {
    let mut cluster = Cluster::of(3);
    for number in 1..=3 {
        cluster.server(number).has(&[1], 0);
    }
    cluster.server(1).commit_index = Index(1);
    assert_eq!(cluster.look(1), Accord::Kept);
    assert_eq!(cluster.look(1), Accord::Kept, "its writes are durable now");
    assert_eq!(cluster.look(1), Accord::NothingToAgree);
    cluster.machines[0].crash();
    assert_eq!(cluster.look(1), Accord::NothingToAgree);
}
