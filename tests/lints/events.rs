//! `#[derive(Events)]` and `#[derive(Aggregate)]`.
#![allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::needless_pass_by_value,
    reason = "about the functions that are named here, whose arguments are what they are"
)]

use reliability::distributed::transaction::event_sourcing::{Aggregate, Events};
use reliability::state::StateMachine;

/// Begins empty.
#[derive(Debug, PartialEq, Eq, StateMachine, Aggregate)]
#[machine(name = "account", derive(Debug))]
#[aggregate(command = Command, event = AccountEvent, refuse = (), decide = decide)]
pub(crate) enum Account {
    /// Nobody has it.
    #[state(initial, to(Open))]
    Unopened,
    /// Somebody has it.
    #[state(to(Open, Closed))]
    Open {
        /// What is in it.
        cents: u64,
    },
    /// Nobody has it any more.
    #[state(final)]
    Closed,
}

/// What can happen to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Events)]
#[events(kind = "account", aggregate = Account, states = account, retired("Noted"))]
pub(crate) enum AccountEvent {
    /// Somebody gets it.
    #[event(apply(Unopened => opened))]
    Opened,
    /// Somebody gives.
    #[event(apply(Open => paid), version = 3, upcast(1 => in_euros, 2 => in_cents), was("Given"))]
    Paid(u64),
    /// Nobody has it any more.
    #[event(apply(Open => closed))]
    Closed,
}

/// What it can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Command {
    /// That somebody gives.
    Pay(u64),
}

fn in_euros(old: u8) -> u32 {
    u32::from(old)
}

fn in_cents(euros: u32) -> u64 {
    u64::from(euros) * 100
}

const fn opened(_: account::Unopened) -> account::Open {
    account::Open { cents: 0 }
}

const fn paid(open: account::Open, cents: &u64) -> account::Open {
    account::Open { cents: open.cents + *cents }
}

const fn closed(_: account::Open) -> account::Closed {
    account::Closed
}

fn decide(account: &Account, command: &Command) -> Result<Vec<AccountEvent>, ()> {
    let Command::Pay(cents) = *command;
    match *account {
        Account::Open { .. } => Ok(vec![AccountEvent::Paid(cents)]),
        Account::Unopened | Account::Closed => Err(()),
    }
}

/// A sum.
#[derive(Debug, Default, PartialEq, Eq, Aggregate)]
#[aggregate(command = u64, event = SumEvent, refuse = (), decide = Self::decided)]
pub(crate) struct Sum {
    total: u64,
}

/// What makes a sum.
#[derive(Debug, PartialEq, Eq, Events)]
#[events(kind = "sum", aggregate = Sum)]
pub(crate) enum SumEvent {
    /// Something more.
    #[event(apply = Sum::add)]
    Added(u64),
    /// Nothing any more.
    #[event(apply = Sum::clear)]
    Cleared,
}

impl Sum {
    fn decided(&self, by: &u64) -> Result<Vec<SumEvent>, ()> {
        let is_too_much = self.total.checked_add(*by).is_none();
        if is_too_much { Err(()) } else { Ok(vec![SumEvent::Added(*by)]) }
    }

    const fn add(&mut self, by: &u64) {
        self.total += *by;
    }

    const fn clear(&mut self) {
        self.total = 0;
    }
}

#[cfg(test)]
mod tests {
    use reliability::distributed::transaction::event_sourcing::given;

    use super::*;

    #[test]
    fn aggregates_decide() {
        let account = given::<Account>([AccountEvent::Opened]).when(&Command::Pay(3));
        assert_eq!(account.then([AccountEvent::Paid(3)]), Account::Open { cents: 3 });
        given::<Account>([]).when(&Command::Pay(3)).then_refused(&());
        let sum = given::<Sum>([SumEvent::Added(2), SumEvent::Cleared]).when(&4);
        assert_eq!(sum.then([SumEvent::Added(4)]), Sum { total: 4 });
    }
}
