//! An account: what it is asked to do, what can happen to it, and what follows from that.

use reliability::distributed::transaction::event_sourcing::{Aggregate, Events};
use reliability::state::StateMachine;

#[derive(Debug, PartialEq, StateMachine, Aggregate)]
#[machine(name = "account", derive(Debug, PartialEq))]
#[aggregate(command = Command, event = AccountEvent, refuse = Refused, decide = decide)]
pub(crate) enum Account {
    #[state(initial, to(Open))]
    Unopened,
    #[state(to(Open, Closed))]
    Open { cents: u64 },
    #[state(final)]
    Closed,
}

#[derive(Debug, PartialEq, Events)]
#[events(kind = "account", aggregate = Account, states = account)]
pub(crate) enum AccountEvent {
    /// By whom.
    #[event(apply(Unopened => opened))]
    Opened(String),
    /// So many cents; in version 1 it was euros.
    #[event(apply(Open => deposited), version = 2, upcast(1 => in_cents))]
    Deposited(u64),
    #[event(apply(Open => withdrawn))]
    Withdrawn(u64),
    #[event(apply(Open => closed))]
    Closed,
}

fn in_cents(euros: u64) -> u64 {
    euros * 100
}

fn opened(_: account::Unopened, _: &String) -> account::Open {
    account::Open { cents: 0 }
}

fn deposited(open: account::Open, cents: &u64) -> account::Open {
    account::Open { cents: open.cents + cents }
}

fn withdrawn(open: account::Open, cents: &u64) -> account::Open {
    account::Open { cents: open.cents - cents }
}

fn closed(_: account::Open) -> account::Closed {
    account::Closed
}

#[derive(Debug)]
pub(crate) enum Command {
    Open(String),
    Deposit(u64),
    Withdraw(u64),
    Close,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    NotOpen,
    AlreadyOpen,
    TooLittle,
}

fn decide(account: &Account, command: &Command) -> Result<Vec<AccountEvent>, Refused> {
    match (account, command) {
        (Account::Unopened, Command::Open(owner)) => Ok(vec![AccountEvent::Opened(owner.clone())]),
        (Account::Unopened | Account::Closed, _) => Err(Refused::NotOpen),
        (Account::Open { .. }, Command::Open(_)) => Err(Refused::AlreadyOpen),
        (Account::Open { .. }, Command::Deposit(cents)) => {
            Ok(vec![AccountEvent::Deposited(*cents)])
        }
        (Account::Open { cents }, Command::Withdraw(wanted)) if wanted > cents => {
            Err(Refused::TooLittle)
        }
        (Account::Open { .. }, Command::Withdraw(cents)) => {
            Ok(vec![AccountEvent::Withdrawn(*cents)])
        }
        // Two events, which are written together or not at all.
        (Account::Open { cents }, Command::Close) => {
            Ok(vec![AccountEvent::Withdrawn(*cents), AccountEvent::Closed])
        }
    }
}

impl Account {
    /// What is in it, if it is open.
    pub(crate) fn cents(&self) -> Option<u64> {
        match self {
            Self::Unopened | Self::Closed => None,
            Self::Open { cents } => Some(*cents),
        }
    }
}
