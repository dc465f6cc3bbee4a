//! Commands: what they come to, alone and together, and once.

use std::sync::Arc;

use super::account::*;
use super::doubtful::Doubtful;
use crate::distributed::transaction::event_sourcing::{
    CommandError, EventError, LoadError, OutOfPlace, Repository, given,
};
use crate::error::{Class, Fault};
use crate::journal::{Append, Event, Heads, Journal, JournalError, Sequence, StreamId};

fn accounts(journal: &Journal) -> Repository<Account> {
    Repository::on(journal)
}

async fn opened(journal: &Journal, key: &str, cents: u64) -> Repository<Account> {
    let accounts = accounts(journal);
    accounts.execute(key, &Command::Open("Ada")).await.unwrap();
    if cents > 0 {
        accounts.execute(key, &Command::Deposit(cents)).await.unwrap();
    }
    accounts
}

#[test]
fn what_is_decided_follows_from_what_has_happened() {
    let ada = || AccountEvent::Opened(Opened { owner: "Ada".to_owned() });
    given::<Account>([]).when(&Command::Open("Ada")).then([ada()]);
    given::<Account>([]).when(&Command::Deposit(5)).then_refused(&Refused::NotOpen);
    let closed = given::<Account>([ada(), deposit(5)])
        .when(&Command::Close)
        .then([AccountEvent::Withdrawn(5), AccountEvent::Closed]);
    assert_eq!(closed, Account::Closed);
    given::<Account>([ada(), deposit(5)])
        .when(&Command::Withdraw(6))
        .then_refused(&Refused::TooLittle { cents: 5 });
}

#[test]
#[should_panic(expected = "the event `Deposited` cannot happen in state `Unopened`")]
fn what_could_not_have_happened_is_not_given() {
    let _ = given::<Account>([deposit(5)]);
}

#[test]
#[should_panic(expected = "but this follows")]
fn another_event_than_expected_is_told_of() {
    let ada = AccountEvent::Opened(Opened { owner: "Ada".to_owned() });
    given::<Account>([ada]).when(&Command::Deposit(5)).then([deposit(6)]);
}

#[tokio::test]
async fn a_command_is_carried_out_and_found_again() {
    let journal = Journal::in_memory();
    let accounts = opened(&journal, "1", 0).await;
    let executed = accounts.execute("1", &Command::Deposit(700)).await.unwrap();
    assert_eq!((executed.state, executed.events), (open(700), vec![deposit(700)]));
    assert_eq!((executed.sequence, executed.was_repeated), (Sequence::new(2), false));
    let loaded = accounts.load("1").await.unwrap();
    assert_eq!((loaded.state, loaded.sequence), (open(700), Sequence::new(2)));
    let before = accounts.load_at("1", Sequence::new(1)).await.unwrap();
    assert_eq!((before.state, before.sequence), (open(0), Sequence::new(1)));
    let nobody = accounts.load("2").await.unwrap();
    assert_eq!((nobody.state, nobody.sequence), (Account::Unopened, Sequence::START));
}

#[tokio::test]
async fn a_refusal_and_what_changes_nothing_write_nothing() {
    let journal = Journal::in_memory();
    let accounts = opened(&journal, "1", 10).await;
    let refused = accounts.execute("1", &Command::Withdraw(11)).await.unwrap_err();
    assert_eq!(refused.refused(), Some(&Refused::TooLittle { cents: 10 }));
    assert_eq!(refused.class(), Class::Permanent);
    let nothing = accounts.execute("1", &Command::Deposit(0)).await.unwrap();
    assert_eq!((nothing.events.len(), nothing.sequence), (0, Sequence::new(2)));
    let head = journal.head(&StreamId::new("account", "1").unwrap()).await.unwrap().unwrap();
    assert_eq!(head.sequence, Sequence::new(2));
}

#[tokio::test]
async fn what_cannot_happen_is_not_written() {
    let journal = Journal::in_memory();
    let accounts = opened(&journal, "1", 0).await;
    let error = accounts.execute("1", &Command::CloseTwice).await.unwrap_err();
    let expected = OutOfPlace::new("Closed", "Closed", &["Open"]);
    assert!(matches!(error, CommandError::OutOfPlace(found) if found == expected), "{error}");
    assert_eq!(accounts.load("1").await.unwrap().state, open(0));
}

#[tokio::test]
async fn of_many_at_once_all_are_carried_out_one_after_the_other() {
    let journal = Journal::in_memory();
    let accounts = opened(&journal, "1", 0).await;
    let accounts = Arc::new(accounts);
    let mut tasks = Vec::new();
    for _ in 0..6 {
        let accounts = Arc::clone(&accounts);
        tasks.push(tokio::spawn(async move {
            for _ in 0..50 {
                accounts.execute("1", &Command::Deposit(1)).await.unwrap();
                tokio::task::yield_now().await;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(accounts.load("1").await.unwrap().state, open(300));
}

#[tokio::test]
async fn who_is_never_quick_enough_is_told_so() {
    let journal = Journal::on(Doubtful::always_late());
    let accounts: Repository<Account> = Repository::builder(&journal).attempts(3).build().unwrap();
    let error = accounts.execute("1", &Command::Open("Ada")).await.unwrap_err();
    assert!(matches!(error, CommandError::Contended { attempts: 3 }), "{error}");
    assert_eq!(error.class(), Class::Transient);
}

#[tokio::test]
async fn a_command_with_a_key_is_carried_out_once() {
    let journal = Journal::in_memory();
    let accounts = opened(&journal, "1", 10).await;
    let pay = Command::Withdraw(10);
    let first = accounts.execute_once("1", "pay-1", &pay).await.unwrap();
    assert!(!first.was_repeated);
    // It would be refused by now, and is not decided again.
    let again = accounts.execute_once("1", "pay-1", &pay).await.unwrap();
    assert!(again.was_repeated);
    assert_eq!((again.events, again.state), (vec![AccountEvent::Withdrawn(10)], open(0)));
    accounts.execute("1", &Command::Deposit(20)).await.unwrap();
    let again = accounts.execute_once("1", "pay-1", &pay).await.unwrap();
    assert_eq!((again.state, again.sequence), (open(20), Sequence::new(4)));
    // Another key is another command.
    let other = accounts.execute_once("1", "pay-2", &pay).await.unwrap();
    assert_eq!((other.state, other.was_repeated), (open(10), false));
}

#[tokio::test]
async fn a_key_belongs_to_one_aggregate_and_a_refusal_takes_none() {
    let journal = Journal::in_memory();
    let accounts = opened(&journal, "1", 10).await;
    opened(&journal, "2", 10).await;
    accounts.execute_once("1", "k", &Command::Withdraw(10)).await.unwrap();
    let error = accounts.execute_once("2", "k", &Command::Withdraw(10)).await.unwrap_err();
    assert!(error.to_string().contains("the key `k` is that of a command for `account/1`"));
    let refused = accounts.execute_once("2", "l", &Command::Withdraw(11)).await.unwrap_err();
    assert!(refused.refused().is_some());
    accounts.execute("2", &Command::Deposit(1)).await.unwrap();
    assert!(!accounts.execute_once("2", "l", &Command::Withdraw(11)).await.unwrap().was_repeated);
    // What nobody gives again is forgotten.
    accounts.forget_command("k").await.unwrap();
    assert!(!accounts.execute_once("2", "k", &Command::Deposit(1)).await.unwrap().was_repeated);
}

#[tokio::test]
async fn a_command_that_changes_nothing_is_done_once_too() {
    let journal = Journal::in_memory();
    let accounts = opened(&journal, "1", 0).await;
    assert!(!accounts.execute_once("1", "k", &Command::Deposit(0)).await.unwrap().was_repeated);
    let again = accounts.execute_once("1", "k", &Command::Deposit(0)).await.unwrap();
    assert_eq!((again.was_repeated, again.events.len()), (true, 0));
}

/// Writes and says that it does not know, or does not write and says so, in every order.
#[tokio::test]
async fn with_a_key_doubt_is_settled_whatever_was_written() {
    for answers in 0..16_u32 {
        let store = Doubtful::by((0..4).map(|bit| answers >> bit & 1 == 1));
        let journal = Journal::on(store);
        let accounts = accounts(&journal);
        let executed = accounts.execute_once("1", "open", &Command::Open("Ada")).await.unwrap();
        assert_eq!(executed.state, open(0), "{answers:04b}");
        let again = accounts.execute_once("1", "open", &Command::Open("Ada")).await.unwrap();
        assert!(again.was_repeated, "{answers:04b}");
        let head = journal.head(&StreamId::new("account", "1").unwrap()).await.unwrap().unwrap();
        assert_eq!(head.sequence, Sequence::new(1), "{answers:04b}");
    }
}

#[tokio::test]
async fn without_a_key_what_was_not_written_is_written_and_the_rest_is_told() {
    // Not written, as the second try shows.
    let journal = Journal::on(Doubtful::by([false, false]));
    let executed = accounts(&journal).execute("1", &Command::Open("Ada")).await.unwrap();
    assert_eq!(executed.sequence, Sequence::new(1));
    // Written: it may be somebody else's who has opened it in the same words.
    let journal = Journal::on(Doubtful::by([true]));
    let error = accounts(&journal).execute("1", &Command::Open("Ada")).await.unwrap_err();
    assert!(matches!(error, CommandError::Uncertain { .. }), "{error}");
    assert_eq!(error.class(), Class::Transient);
    // Not written, and somebody else has written something else meanwhile: certainly not ours.
    let journal = Journal::on(Doubtful::overtaken());
    accounts(&journal).execute("1", &Command::Open("Ada")).await.unwrap();
    let executed = accounts(&journal).execute("1", &Command::Deposit(5)).await.unwrap();
    assert_eq!((executed.state, executed.sequence), (open(7), Sequence::new(3)));
}

#[tokio::test]
async fn old_events_are_read_as_they_are_written_today() {
    let journal = Journal::in_memory();
    let stream = StreamId::new("account", "1").unwrap();
    let old = [
        Event::json("Opened", 1, &Opened { owner: "Ada".to_owned() }).unwrap(),
        Event::json("Deposited", 1, &3_u64).unwrap(),
        Event::json("NoteAdded", 7, "given up").unwrap(),
        Event::json("Deposited", 2, &serde_json::json!({ "euros": 4 })).unwrap(),
        Event::json("Deposited", 3, &Deposited { cents: 50 }).unwrap(),
        Event::json("Paid", 1, &25_u64).unwrap(),
    ];
    journal.append(Append::to(&stream).events_of(old)).await.unwrap();
    let loaded = accounts(&journal).load("1").await.unwrap();
    assert_eq!((loaded.state, loaded.sequence), (open(725), Sequence::new(6)));
}

#[tokio::test]
async fn what_is_no_event_is_named_with_its_place() {
    let journal = Journal::in_memory();
    let cases = [
        (
            Event::json("Opend", 1, &()),
            "record 1 of `account/0` cannot be read: there is no event `Opend`",
        ),
        (
            Event::json("Deposited", 4, &()),
            "written in version 4, and this program reads up to version 3",
        ),
        (Event::json("Opened", 1, &5), "version 1 of `Opened` is of another form"),
        (
            Event::json("Closed", 1, &()),
            "record 1 of `account/3` cannot be applied: the event `Closed` cannot happen in state `Unopened`",
        ),
    ];
    for (key, (event, words)) in cases.into_iter().enumerate() {
        let key = key.to_string();
        let stream = StreamId::new("account", &key).unwrap();
        journal.append(Append::to(&stream).event(event.unwrap())).await.unwrap();
        let error = accounts(&journal).load(&key).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.class(), Class::Permanent);
        let is_unknown = |it: &EventError| matches!(it, EventError::Unknown { .. });
        let is_event = matches!(&error, LoadError::Event { source, .. } if is_unknown(source));
        assert_eq!(is_event, key == "0");
        // A command does not come past it.
        let error = accounts(&journal).execute(&key, &Command::Open("Ada")).await.unwrap_err();
        assert!(matches!(error, CommandError::Load(_)), "{error}");
    }
}

#[tokio::test]
async fn a_page_may_be_short_and_a_key_must_be_one() {
    let journal = Journal::in_memory();
    opened(&journal, "1", 0).await;
    let accounts: Repository<Account> = Repository::builder(&journal).page(1).build().unwrap();
    for _ in 0..5 {
        accounts.execute("1", &Command::Deposit(1)).await.unwrap();
    }
    assert_eq!(accounts.load("1").await.unwrap().state, open(5));
    let error = accounts.execute("", &Command::Open("Ada")).await.unwrap_err();
    assert!(matches!(error, CommandError::Journal(JournalError::Invalid(_))), "{error}");
    assert_eq!(journal.heads(Heads::all()).await.unwrap().len(), 1);
}
