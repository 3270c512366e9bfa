//! What is reported of owners that come and go, while there is an account and while there is none.

use super::*;
use crate::contract::says::Says;
use crate::prelude::*;

const L1: LockId = LockId(1);
const L2: LockId = LockId(2);

fn owner(client: u32) -> Owner {
    Owner::first(ClientId(client))
}

/// The servers say who owns what.
fn saying(owners: BTreeMap<LockId, Vec<Owner>>) -> Says {
    Says { owners: Some(owners), ..SILENT }
}

/// The servers say that these clients own the first lock.
fn say(clients: &[u32]) -> Says {
    let owners = clients.iter().map(|client| owner(*client)).collect();
    saying(BTreeMap::from([(L1, owners)]))
}

/// There is no account.
const SILENT: Says = Says { owners: None, accord: Accord::NothingToAgree };

fn owned(clients: &[u32]) -> Event {
    Event::Owners { lock: L1, owners: clients.iter().map(|client| owner(*client)).collect() }
}

fn ended(client: u32) -> Event {
    Event::LeaseEnded { lock: L1, owner: owner(client) }
}

/// Looks at both locks; the leases of these clients on the first one ran out.
fn look(account: &mut Account, says: &Says, ran_out: &[u32]) -> Vec<Event> {
    let mut reported = Vec::new();
    let of = |lock, of: Owner| lock == L1 && ran_out.contains(&of.client.0);
    account.look_at_all(says, Servers::new(&[]), 2, of, |event| reported.push(event));
    reported
}

/// A server tells that it granted the first lock to this client.
fn granted(account: &mut Account, says: &Says, client: u32, ran_out: bool) -> Vec<Event> {
    let told = LeaseEvent::Granted { lock: L1, owner: owner(client), lease: None };
    let mut reported = Vec::new();
    account.hear(says, Servers::new(&[]), told, |_, _| ran_out, |event| reported.push(event));
    reported
}

fn is_up_to_date(account: &Account, says: &Says) -> bool {
    account.is_up_to_date(says, Servers::new(&[]), 2)
}

#[test]
fn every_change_is_reported_once_and_nothing_else() {
    let mut account = Account::default();
    assert!(is_up_to_date(&account, &say(&[])));
    assert_eq!(look(&mut account, &say(&[]), &[]), []);
    assert!(!is_up_to_date(&account, &say(&[1])));
    assert_eq!(look(&mut account, &say(&[1]), &[]), [owned(&[1])]);
    assert_eq!(look(&mut account, &say(&[1]), &[]), []);
    assert!(is_up_to_date(&account, &say(&[1])));
    assert_eq!((account.owners(L1), account.owners(L2)), (&[owner(1)][..], &[][..]));
    assert_eq!(look(&mut account, &say(&[2]), &[]), [owned(&[2])], "a lock that was lost");
    assert_eq!(look(&mut account, &say(&[]), &[]), [owned(&[])]);
    assert_eq!(account, Account::default(), "nothing is left of what is over");
}

#[test]
fn the_last_lock_is_looked_at_as_well_and_none_beyond_it() {
    let mut account = Account::default();
    let second = saying(BTreeMap::from([(L2, vec![owner(1)])]));
    assert!(!is_up_to_date(&account, &second));
    let event = Event::Owners { lock: L2, owners: vec![owner(1)] };
    assert_eq!(look(&mut account, &second, &[]), [event]);
    assert!(is_up_to_date(&account, &second));
    let third = saying(BTreeMap::from([(LockId(3), vec![owner(1)])]));
    assert!(is_up_to_date(&Account::default(), &third), "nobody asked about it");
}

#[test]
fn servers_that_say_the_same_in_another_order_say_the_same() {
    let mut account = Account::default();
    assert_eq!(look(&mut account, &say(&[2, 1, 2]), &[]), [owned(&[1, 2])]);
    assert_eq!(look(&mut account, &say(&[1, 2]), &[]), []);
}

#[test]
fn a_lease_that_ran_out_has_ended_and_one_that_did_not_is_lost() {
    let with = |ran_out: &[u32]| {
        let mut account = Account::default();
        look(&mut account, &say(&[1]), &[]);
        look(&mut account, &say(&[]), ran_out)
    };
    assert_eq!(with(&[1]), [ended(1), owned(&[])]);
    assert_eq!(with(&[2]), [owned(&[])]);
    let mut account = Account::default();
    look(&mut account, &say(&[1]), &[]);
    assert_eq!(look(&mut account, &say(&[1]), &[1]), [], "it ran out on one of several servers");
}

#[test]
fn a_lease_may_run_out_while_there_is_no_account_and_is_told_once() {
    let mut account = Account::default();
    look(&mut account, &say(&[1]), &[]);
    assert!(!is_up_to_date(&account, &SILENT));
    assert_eq!(look(&mut account, &SILENT, &[]), []);
    assert_eq!(look(&mut account, &SILENT, &[1]), [ended(1)]);
    assert_eq!(look(&mut account, &SILENT, &[1]), [], "it was told");
    assert!(!is_up_to_date(&account, &say(&[1])), "what was told is still to be settled");
    assert_eq!(look(&mut account, &say(&[]), &[1]), [owned(&[])], "it was told");
    assert_eq!(account, Account::default());
}

#[test]
fn whoever_has_it_still_when_there_is_an_account_again_may_lose_it_later() {
    let mut account = Account::default();
    look(&mut account, &say(&[1]), &[]);
    assert_eq!(look(&mut account, &SILENT, &[1]), [ended(1)]);
    assert_eq!(look(&mut account, &say(&[1]), &[]), []);
    assert!(is_up_to_date(&account, &say(&[1])));
    assert_eq!(look(&mut account, &say(&[]), &[1]), [ended(1), owned(&[])]);
}

#[test]
fn a_grant_that_no_account_listed_has_ended_as_well() {
    let mut account = Account::default();
    assert_eq!(granted(&mut account, &SILENT, 1, false), []);
    assert!(!is_up_to_date(&account, &say(&[])));
    assert_eq!(look(&mut account, &SILENT, &[1]), [ended(1)], "while there is none");
    let mut account = Account::default();
    granted(&mut account, &SILENT, 1, false);
    granted(&mut account, &SILENT, 2, false);
    assert_eq!(look(&mut account, &say(&[2]), &[1]), [ended(1), owned(&[2])], "as it comes back");
    assert!(is_up_to_date(&account, &say(&[2])), "whoever is listed is listed");
    let mut account = Account::default();
    granted(&mut account, &SILENT, 1, false);
    assert_eq!(look(&mut account, &say(&[]), &[]), [], "it was lost, and nobody had it");
    assert_eq!(look(&mut account, &say(&[]), &[1]), [], "it is forgotten");
}

#[test]
fn what_is_told_of_one_lock_says_nothing_of_another() {
    let mut account = Account::default();
    granted(&mut account, &SILENT, 1, false);
    let second = |account: &mut Account, says: &Says| {
        let told = LeaseEvent::Granted { lock: L2, owner: owner(2), lease: None };
        let mut reported = Vec::new();
        let hears = |event| reported.push(event);
        account.hear(says, Servers::new(&[]), told, |_, _| true, hears);
        reported
    };
    let of_second = Event::LeaseEnded { lock: L2, owner: owner(2) };
    assert_eq!(second(&mut account, &SILENT), [of_second]);
    assert_eq!(second(&mut account, &say(&[])), [], "it was told");
    assert_eq!(look(&mut account, &say(&[]), &[1]), [ended(1)], "that of the first is not settled");
}

#[test]
fn a_grant_is_heard_as_it_is_told() {
    let mut account = Account::default();
    assert_eq!(granted(&mut account, &say(&[1]), 1, false), [owned(&[1])]);
    assert!(is_up_to_date(&account, &say(&[1])), "an account that lists it needs no reminder");
}
