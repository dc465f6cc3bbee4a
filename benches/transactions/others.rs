//! One transaction of each other kind, as small as they come: what is measured is what they write.

use std::sync::Arc;
use std::time::Duration;

use reliability::distributed::transaction::event_sourcing::{Aggregate, Events, Repository};
use reliability::distributed::transaction::tcc::{Coordinator, Cx, Decision, Tcc, Transient};
use reliability::distributed::transaction::two_phase::{
    Answer, Participant, Resource, TransactionId, TwoPhase,
};
use reliability::distributed::transaction::{Followed, Vote};
use reliability::journal::Journal;
use reliability::state::StateMachine;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, StateMachine, Aggregate)]
#[machine(name = "account", derive(Debug, PartialEq))]
#[aggregate(command = Deposit, event = AccountEvent, refuse = Refused, decide = decide)]
enum Account {
    #[state(initial, to(Open))]
    Unopened,
    #[state(to(Open, Closed))]
    Open { cents: u64 },
    #[state(final)]
    Closed,
}

#[derive(Debug, PartialEq, Events)]
#[events(kind = "account", aggregate = Account, states = account)]
enum AccountEvent {
    #[event(apply(Unopened => opened))]
    Opened,
    #[event(apply(Open => deposited))]
    Deposited(Deposited),
    #[event(apply(Open => closed))]
    Closed,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Deposited {
    cents: u64,
}

struct Deposit(u64);

#[derive(Debug)]
struct Refused;

fn opened(_: account::Unopened) -> account::Open {
    account::Open { cents: 0 }
}

fn closed(_: account::Open) -> account::Closed {
    account::Closed
}

fn deposited(open: account::Open, event: &Deposited) -> account::Open {
    account::Open { cents: open.cents + event.cents }
}

/// One event for each command.
fn decide(account: &Account, deposit: &Deposit) -> Result<Vec<AccountEvent>, Refused> {
    match account {
        Account::Unopened => Ok(vec![AccountEvent::Opened]),
        Account::Open { .. } => Ok(vec![AccountEvent::Deposited(Deposited { cents: deposit.0 })]),
        Account::Closed => Err(Refused),
    }
}

/// A command to an account that is read first, as all are.
#[derive(Clone)]
pub(crate) struct Accounts(Arc<Repository<Account>>);

impl Accounts {
    pub(crate) fn on(journal: &Journal) -> Self {
        Self(Arc::new(Repository::on(journal)))
    }

    pub(crate) async fn deposit(&self, key: &str) {
        self.0.execute(key, &Deposit(5)).await.unwrap();
    }
}

#[derive(Tcc)]
#[tcc(input = u32, refuse = String, try = Stock::reserve, confirm = Stock::take, cancel = Stock::take)]
struct Stock;

impl Stock {
    async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> {
        Ok(())
    }

    async fn take(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
        Ok(())
    }
}

#[derive(Tcc)]
#[tcc(input = u64, refuse = String, try = Money::hold, confirm = Money::free, cancel = Money::free)]
struct Money;

impl Money {
    async fn hold(&self, _: &Cx, _: &u64) -> Result<(), String> {
        Ok(())
    }

    async fn free(&self, _: &Cx, _: &u64) -> Result<(), Transient> {
        Ok(())
    }
}

/// Two reservations that are confirmed.
#[derive(Clone)]
pub(crate) struct Reservations(Arc<Coordinator>);

impl Reservations {
    pub(crate) fn on(journal: &Journal) -> Self {
        let coordinator = Coordinator::on(journal).participant(Stock).participant(Money);
        Self(Arc::new(coordinator.build().unwrap()))
    }

    pub(crate) async fn confirm(&self, key: &str) {
        let mut order = self.0.begin(key).await.unwrap();
        let both =
            (order.reserve::<Stock>(3).await.unwrap(), order.reserve::<Money>(299).await.unwrap());
        let settled = order.confirm(both).await.unwrap();
        assert_eq!((settled.decision, settled.pending), (Decision::Confirm, 0));
    }
}

struct Willing;

impl Resource for Willing {
    fn name(&self) -> &str {
        "willing"
    }

    fn commit(&self, _: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(async { Ok(Followed::AsTold) })
    }

    fn abort(&self, _: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(async { Ok(Followed::AsTold) })
    }

    fn in_doubt(&self, _: Duration) -> Answer<'_, Vec<TransactionId>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Participant for Willing {
    fn prepare(&self, _: &TransactionId) -> Answer<'_, Vote> {
        Box::pin(async { Ok(Vote::Yes) })
    }
}

/// Two participants that vote yes, and keep nothing themselves.
#[derive(Clone)]
pub(crate) struct Commits(Arc<TwoPhase>);

impl Commits {
    pub(crate) fn on(journal: &Journal) -> Self {
        Self(Arc::new(TwoPhase::on(journal)))
    }

    pub(crate) async fn commit(&self, key: &str) {
        let both: Vec<Arc<dyn Participant>> = vec![Arc::new(Willing), Arc::new(Willing)];
        let outcome = self.0.run(TransactionId::new(key).unwrap(), both).await.unwrap();
        assert!(outcome.is_complete());
    }
}
