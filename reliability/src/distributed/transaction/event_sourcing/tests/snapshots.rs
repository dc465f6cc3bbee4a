//! Snapshots: a shortcut, and never the truth.

use super::account::*;
use crate::distributed::transaction::event_sourcing::{Aggregate, Repository};
use crate::journal::{Append, Event, Journal, Sequence, StreamId};

async fn with_deposits(journal: &Journal, many: u64) -> Repository<Account> {
    let accounts: Repository<Account> = Repository::on(journal);
    accounts.execute("1", &Command::Open("Ada")).await.unwrap();
    for _ in 0..many {
        accounts.execute("1", &Command::Deposit(1)).await.unwrap();
    }
    accounts
}

fn beside() -> StreamId {
    StreamId::new("account.snapshot", "1").unwrap()
}

async fn kept(journal: &Journal) -> Vec<(u64, u32)> {
    let records = journal.read(&beside(), Sequence::START, 1_000).await.unwrap();
    let of = |event: &Event| event.read_json::<(u64, u64, Account)>().unwrap().0;
    records.iter().map(|record| (of(&record.event), record.event.version())).collect()
}

#[tokio::test]
async fn one_is_written_after_every_so_many_events_and_used() {
    let journal = Journal::in_memory();
    let accounts = with_deposits(&journal, 24).await;
    assert_eq!(kept(&journal).await, [(10, 2), (20, 2)]);
    let loaded = accounts.load("1").await.unwrap();
    assert_eq!((loaded.state, loaded.sequence), (open(24), Sequence::new(25)));
    assert_eq!(loaded.snapshot, Sequence::new(20));
}

#[tokio::test]
async fn of_another_form_or_another_stream_it_is_not_used() {
    let journal = Journal::in_memory();
    let accounts = with_deposits(&journal, 12).await;
    let digest = journal.read(&beside(), Sequence::START, 1).await.unwrap();
    let digest = digest[0].event.read_json::<(u64, u64, Account)>().unwrap().1;
    let wrong = [
        // Of an older version, of no form at all, of a record that says something else, of one that
        // is not there, and of nothing.
        Event::json("Snapshot", 1, &(10, digest, open(999))),
        Event::json("Snapshot", 2, "what is this"),
        Event::json("Snapshot", 2, &(10, digest + 1, open(999))),
        Event::json("Snapshot", 2, &(1_000, digest, open(999))),
        Event::json("Snapshot", 2, &(0, digest, open(999))),
    ];
    for event in wrong {
        journal.append(Append::to(&beside()).event(event.unwrap())).await.unwrap();
        let loaded = accounts.load("1").await.unwrap();
        assert_eq!((loaded.state, loaded.snapshot), (open(12), Sequence::START));
    }
    // The next command makes a new one.
    accounts.execute("1", &Command::Deposit(1)).await.unwrap();
    assert_eq!(accounts.load("1").await.unwrap().snapshot, Sequence::new(14));
}

#[tokio::test]
async fn they_do_not_pile_up_and_are_forgotten_with_their_aggregate() {
    let journal = Journal::in_memory();
    let accounts = with_deposits(&journal, 499).await;
    assert!(kept(&journal).await.len() <= 16);
    let loaded = accounts.load("1").await.unwrap();
    assert_eq!((loaded.state, loaded.snapshot), (open(499), Sequence::new(500)));
    accounts.forget("1", Sequence::new(500)).await.unwrap();
    assert_eq!(journal.head(&beside()).await.unwrap(), None);
    assert_eq!(accounts.load("1").await.unwrap().state, Account::Unopened);
    assert_eq!(Account::SNAPSHOTS.map(|it| it.every()), Some(10));
}

#[tokio::test]
async fn with_it_and_without_the_same_comes_out() {
    let journal = Journal::in_memory();
    let accounts = with_deposits(&journal, 57).await;
    accounts.execute("1", &Command::Withdraw(7)).await.unwrap();
    let with = accounts.load("1").await.unwrap();
    let without = accounts.load_at("1", Sequence::new(u64::MAX)).await.unwrap();
    assert!(with.snapshot > without.snapshot);
    assert_eq!((with.state, with.sequence), (without.state, without.sequence));
}
