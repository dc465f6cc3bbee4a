//! The account that the tests have.

use serde::{Deserialize, Serialize};

use crate::distributed::transaction::event_sourcing::{Aggregate, Events};
use crate::state::StateMachine;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, StateMachine, Aggregate)]
#[machine(name = "account", derive(Debug, Clone, PartialEq))]
#[aggregate(
    command = Command,
    event = AccountEvent,
    refuse = Refused,
    decide = decide,
    snapshot(every = 10, version = 2)
)]
pub(super) enum Account {
    #[state(initial, to(Open))]
    Unopened,
    #[state(to(Open, Closed))]
    Open { owner: String, cents: u64 },
    #[state(final)]
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Events)]
#[events(kind = "account", aggregate = Account, states = account, retired("NoteAdded"))]
pub(super) enum AccountEvent {
    #[event(apply(Unopened => opened))]
    Opened(Opened),
    #[event(apply(Open => deposited), version = 3, upcast(1 => in_euros, 2 => in_cents))]
    Deposited(Deposited),
    #[event(apply(Open => withdrawn), was("Paid"))]
    Withdrawn(u64),
    #[event(apply(Open => closed))]
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) owner: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deposited {
    pub(super) cents: u64,
}

/// How deposits were written at first, and then.
#[derive(Deserialize)]
pub(super) struct InEuros {
    euros: u64,
}

fn in_euros(old: u64) -> InEuros {
    InEuros { euros: old }
}

fn in_cents(old: InEuros) -> Deposited {
    Deposited { cents: old.euros * 100 }
}

fn opened(_: account::Unopened, event: &Opened) -> account::Open {
    account::Open { owner: event.owner.clone(), cents: 0 }
}

fn deposited(open: account::Open, event: &Deposited) -> account::Open {
    account::Open { cents: open.cents + event.cents, ..open }
}

fn withdrawn(open: account::Open, cents: &u64) -> account::Open {
    account::Open { cents: open.cents - cents, ..open }
}

fn closed(_: account::Open) -> account::Closed {
    account::Closed
}

#[derive(Debug, Clone)]
pub(super) enum Command {
    Open(&'static str),
    Deposit(u64),
    Withdraw(u64),
    Close,
    /// What no account decides that is right.
    CloseTwice,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    NotOpen,
    AlreadyOpen,
    TooLittle { cents: u64 },
}

fn decide(account: &Account, command: &Command) -> Result<Vec<AccountEvent>, Refused> {
    match (account, command) {
        (Account::Unopened, Command::Open(owner)) => {
            Ok(vec![AccountEvent::Opened(Opened { owner: (*owner).to_owned() })])
        }
        (Account::Open { .. }, Command::Deposit(0)) => Ok(Vec::new()),
        (Account::Open { .. }, Command::Deposit(cents)) => {
            Ok(vec![AccountEvent::Deposited(Deposited { cents: *cents })])
        }
        (Account::Open { cents, .. }, Command::Withdraw(wanted)) if wanted > cents => {
            Err(Refused::TooLittle { cents: *cents })
        }
        (Account::Open { .. }, Command::Withdraw(cents)) => {
            Ok(vec![AccountEvent::Withdrawn(*cents)])
        }
        (Account::Open { cents, .. }, Command::Close) => {
            let rest = (*cents > 0).then_some(AccountEvent::Withdrawn(*cents));
            Ok(rest.into_iter().chain([AccountEvent::Closed]).collect())
        }
        (Account::Open { .. }, Command::CloseTwice) => {
            Ok(vec![AccountEvent::Closed, AccountEvent::Closed])
        }
        (Account::Open { .. }, Command::Open(_)) => Err(Refused::AlreadyOpen),
        _ => Err(Refused::NotOpen),
    }
}

pub(super) fn open(cents: u64) -> Account {
    Account::Open { owner: "Ada".to_owned(), cents }
}

pub(super) fn deposit(cents: u64) -> AccountEvent {
    AccountEvent::Deposited(Deposited { cents })
}
