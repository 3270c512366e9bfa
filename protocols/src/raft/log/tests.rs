//! A log that begins at the first entry, and one that begins late.

use super::*;

/// A log whose entries have these terms, with what is up to `base` discarded.
fn log(terms: &[u64], base: u64) -> Log {
    let mut log = Log::default();
    let slots = log.chained(Index(0), terms.iter().map(|term| entry(*term)).collect());
    log.replace_after(Index(0), &slots);
    log.discard_up_to(Index(base));
    log
}

fn entry(term: u64) -> Arc<Entry> {
    Arc::new(Entry { term: Term(term), proposal: Proposal::NoOp })
}

fn terms(log: &Log) -> Vec<(u64, u64)> {
    let term = |index| log.entry(Index(index)).map(|entry| (index, entry.term.0));
    (0..=20).filter_map(term).collect()
}

#[test]
fn an_empty_log_ends_where_it_begins() {
    let empty = Log::default();
    assert!(empty.is_empty());
    assert_eq!(
        (empty.len(), empty.base(), empty.last()),
        (0, Position::default(), Position::default())
    );
    assert_eq!(empty.position(Index(0)), Some(Position::default()));
    assert_eq!(empty.position(Index(1)), None);
    let all_discarded = log(&[1, 2], 2);
    assert!(all_discarded.is_empty());
    assert_eq!(all_discarded.last(), all_discarded.base());
    assert_eq!(all_discarded.last().index, Index(2));
}

#[test]
fn what_is_discarded_is_known_by_its_end_alone() {
    let (whole, late) = (log(&[1, 1, 2, 4], 0), log(&[1, 1, 2, 4], 2));
    assert_eq!((late.len(), late.is_empty()), (2, false));
    assert_eq!(terms(&late), [(3, 2), (4, 4)]);
    assert_eq!(late.last(), whole.last());
    assert_eq!(late.base(), whole.position(Index(2)).expect("it is there"));
    assert_eq!(late.term(Index(2)), Some(Term(1)));
    assert_eq!((late.term(Index(1)), late.entry(Index(2))), (None, None));
    assert_eq!(late.from(Index(3), 9), [entry(2), entry(4)]);
    assert_eq!(late.from(Index(4), 9), [entry(4)]);
    assert_eq!(late.from(Index(3), 1), [entry(2)]);
    let mut beyond = late.clone();
    beyond.discard_up_to(Index(9));
    assert_eq!(beyond, late, "what is not there cannot be discarded");
}

#[test]
fn a_digest_stands_for_everything_up_to_an_entry() {
    let (one, other) = (log(&[1, 1, 2], 0), log(&[1, 2, 2], 0));
    let digest = |log: &Log, index| log.position(Index(index)).expect("it is there").digest;
    assert_eq!(digest(&one, 1), digest(&other, 1));
    assert_ne!(digest(&one, 2), digest(&other, 2));
    assert_ne!(digest(&one, 3), digest(&other, 3), "the entry is the same, those before are not");
    let late = log(&[1, 1], 1);
    let slots = late.chained(Index(2), vec![entry(2)]);
    let mut grown = late;
    grown.replace_after(Index(2), &slots);
    assert_eq!(grown.last(), one.last());
}

#[test]
fn entries_take_the_place_of_what_comes_after() {
    let mut changed = log(&[1, 1, 2, 2], 1);
    let slots = changed.chained(Index(2), vec![entry(3)]);
    changed.replace_after(Index(2), &slots);
    assert_eq!(terms(&changed), [(2, 1), (3, 3)]);
    assert_eq!(changed.last(), log(&[1, 1, 3], 0).last());
}

#[test]
fn a_snapshot_begins_a_log_anew_unless_the_log_goes_on_from_it() {
    let last = log(&[1, 1, 2], 0).last();
    let mut goes_on = log(&[1, 1, 2, 2], 0);
    goes_on.begin_after(last);
    assert_eq!(terms(&goes_on), [(4, 2)]);
    for other in [&[1, 1, 1, 1][..], &[1, 1][..]] {
        let mut anew = log(other, 0);
        anew.begin_after(last);
        assert_eq!((anew.base(), anew.len()), (last, 0), "{other:?}");
    }
}

#[test]
fn terms_are_found_from_both_ends() {
    let whole = log(&[1, 1, 2, 4, 4, 4, 5], 0);
    let first = |log: &Log, index| log.first_of_term_at(Index(index)).0;
    assert_eq!([1, 2, 3, 4, 5, 6, 7].map(|index| first(&whole, index)), [1, 1, 3, 4, 4, 4, 7]);
    let late = log(&[1, 1, 2, 4, 4, 4, 5], 4);
    assert_eq!([5, 6, 7].map(|index| first(&late, index)), [5, 5, 7], "what it has of a term");
    let last = |log: &Log, term, index| log.last_of_term(Term(term), Index(index));
    assert_eq!(last(&whole, 4, 99), Some(Index(6)));
    assert_eq!(last(&whole, 4, 5), Some(Index(5)));
    assert_eq!(last(&whole, 4, 4), Some(Index(4)));
    assert_eq!(last(&whole, 4, 3), None);
    assert_eq!(last(&whole, 3, 7), None, "no entry has it");
    assert_eq!(last(&whole, 1, 7), Some(Index(2)));
    assert_eq!(last(&late, 4, 7), Some(Index(6)));
    assert_eq!(last(&late, 2, 7), None, "discarded");
    assert_eq!(last(&late, 4, 4), None, "discarded");
}

#[test]
fn the_latest_configuration_up_to_an_index_counts() {
    let voters = |ids: &[u32]| ids.iter().copied().map(ServerId).collect::<Configuration>();
    let configured = |ids: &[u32]| {
        Arc::new(Entry { term: Term(1), proposal: Proposal::Configuration(voters(ids)) })
    };
    let mut log = Log::default();
    let entries = vec![entry(1), configured(&[1, 2]), entry(1), configured(&[1]), entry(1)];
    log.replace_after(Index(0), &log.chained(Index(0), entries));
    let found = |log: &Log, up_to| {
        log.configuration(Index(up_to)).map(|(index, servers)| (index.0, servers.clone()))
    };
    assert_eq!(found(&log, 1), None);
    assert_eq!(found(&log, 2), Some((2, voters(&[1, 2]))));
    assert_eq!(found(&log, 3), Some((2, voters(&[1, 2]))));
    assert_eq!(found(&log, 4), Some((4, voters(&[1]))));
    assert_eq!(found(&log, 9), Some((4, voters(&[1]))));
    log.discard_up_to(Index(3));
    assert_eq!(found(&log, 3), None);
    assert_eq!(found(&log, 4), Some((4, voters(&[1]))));
}

#[test]
fn what_is_counted_reads_as_a_number() {
    assert_eq!((Term(3).next(), Index(3).next()), (Term(4), Index(4)));
    assert_eq!((Index(3).previous(), Index(0).previous()), (Index(2), Index(0)));
    assert_eq!(format!("{}.{}", Index(7), Term(2)), "7.2");
}
