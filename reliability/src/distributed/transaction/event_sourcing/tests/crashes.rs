//! A crash at every write: of the journal by commands, of the database by projections.

use std::future::Future;
use std::sync::Arc;

use super::account::*;
use super::projections::{Balances, Sums, take};
use crate::distributed::transaction::event_sourcing::{
    Events, Failure, Happened, MemoryReadStore, MemoryTransaction, Parked, Place, Projection,
    Projector, ReadStore, ReadTransaction, Repository,
};
use crate::journal::{Journal, Position};
use crate::sync::Mutex;

/// The process dies in the middle of the so many'th call; before or behind what the call does.
#[derive(Clone)]
struct Mortal {
    inner: MemoryReadStore<Sums>,
    left: Arc<Mutex<u32>>,
    is_done_first: bool,
}

#[derive(Debug)]
struct Dead;

impl std::fmt::Display for Dead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the process is dead")
    }
}

impl std::error::Error for Dead {}

struct MortalTransaction {
    inner: MemoryTransaction<Sums>,
    store: Mortal,
}

impl Mortal {
    /// Whether it dies now.
    fn dies(&self) -> bool {
        let mut left = self.left.lock();
        let next = left.checked_sub(1);
        *left = next.unwrap_or_default();
        next.is_none()
    }

    async fn lives<T>(&self, call: impl Future<Output = T>) -> Result<T, Dead> {
        if !self.dies() {
            return Ok(call.await);
        }
        if self.is_done_first {
            call.await;
        }
        Err(Dead)
    }
}

impl ReadStore for Mortal {
    type Transaction = MortalTransaction;
    type Error = Dead;

    async fn begin(&mut self) -> Result<MortalTransaction, Dead> {
        let store = self.clone();
        let inner = store.lives(self.inner.begin()).await?.map_err(|_| Dead)?;
        Ok(MortalTransaction { inner, store })
    }
}

impl ReadTransaction for MortalTransaction {
    type Error = Dead;

    async fn place(&mut self, projection: &str) -> Result<Option<Place>, Dead> {
        self.store.lives(self.inner.place(projection)).await?.map_err(|_| Dead)
    }

    async fn keep(&mut self, projection: &str, place: Place) -> Result<(), Dead> {
        self.store.lives(self.inner.keep(projection, place)).await?.map_err(|_| Dead)
    }

    async fn park(&mut self, projection: &str, parked: &Parked) -> Result<(), Dead> {
        self.store.lives(self.inner.park(projection, parked)).await?.map_err(|_| Dead)
    }

    async fn parked(&mut self, projection: &str, most: usize) -> Result<Vec<Parked>, Dead> {
        self.store.lives(self.inner.parked(projection, most)).await?.map_err(|_| Dead)
    }

    async fn unpark(&mut self, projection: &str, at: Option<Position>) -> Result<(), Dead> {
        self.store.lives(self.inner.unpark(projection, at)).await?.map_err(|_| Dead)
    }

    async fn commit(self) -> Result<(), Dead> {
        let Self { inner, store } = self;
        store.lives(inner.commit()).await?.map_err(|_| Dead)
    }
}

impl Projection<MortalTransaction> for Balances {
    type Event = AccountEvent;
    const NAME: &'static str = "balances";

    async fn reset(&mut self, rows: &mut MortalTransaction) -> Result<(), Failure> {
        rows.inner.model.clear();
        Ok(())
    }

    async fn apply(
        &mut self,
        rows: &mut MortalTransaction,
        happened: &Happened<AccountEvent>,
    ) -> Result<(), Failure> {
        take(&mut rows.inner.model, happened);
        self.check(happened)
    }
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % most
    }
}

async fn some_history(random: &mut Random) -> Journal {
    let journal = Journal::in_memory();
    let accounts: Repository<Account> = Repository::on(&journal);
    for step in 0..20 {
        let key = random.below(4).to_string();
        let command = match random.below(5) {
            0 => Command::Open("Ada"),
            1 => Command::Withdraw(random.below(30)),
            2 if step > 15 => Command::Close,
            _ => Command::Deposit(1 + random.below(20)),
        };
        // Some are refused, and that is no part of the history.
        if let Err(error) = accounts.execute(&key, &command).await {
            assert!(error.refused().is_some(), "{error}");
        }
    }
    journal
}

/// All events one after the other, without those that a stream has behind a poisonous one.
async fn naive(journal: &Journal, poison: u64) -> (Sums, usize) {
    let (mut sums, mut held) = (Sums::new(), Vec::new());
    let mut parked = 0;
    for record in journal.read_all(Position::START, 10_000).await.unwrap() {
        let kinds = AccountEvent::KINDS;
        if !kinds.contains(&record.stream.kind()) {
            continue;
        }
        let event = AccountEvent::read(&record).unwrap().unwrap();
        let is_poison = matches!(&event, AccountEvent::Deposited(it) if it.cents == poison);
        if is_poison || held.contains(&record.stream) {
            held.push(record.stream);
            parked += 1;
            continue;
        }
        let (stream, sequence) = (record.stream, record.sequence);
        let (position, at) = (record.position, record.at);
        take(&mut sums, &Happened { event, stream, sequence, position, at });
    }
    (sums, parked)
}

#[tokio::test]
async fn a_projection_that_dies_at_every_call_ends_as_the_naive_fold() {
    for seed in 1..=12_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let journal = some_history(&mut random).await;
        let (page, poison) = (1 + random.below(9) as usize, 1 + random.below(20));
        let (expected, parked) = naive(&journal, poison).await;
        for is_done_first in [false, true] {
            // Dies once, after each number of calls; or again and again, after so many that it gets
            // on: a page with a poisonous event has up to 22.
            let once = (0..60).map(|life| (life, u32::MAX));
            for (life, later) in once.chain((22..40).map(|life| (life, life))) {
                let inner = MemoryReadStore::new(Sums::new());
                let mut lives = 0;
                loop {
                    lives += 1;
                    let left = if lives == 1 { life } else { later };
                    assert!(lives <= 200, "seed {seed}, life {life}: it never gets to its end");
                    let left = Arc::new(Mutex::new(left));
                    let store = Mortal { inner: inner.clone(), left, is_done_first };
                    let balances = Balances::<1> { poison: Some(poison) };
                    let builder = Projector::builder(&journal, store, balances);
                    let mut projector = builder.page(page).attempts(2).build().unwrap();
                    if projector.catch_up().await.is_ok() {
                        break;
                    }
                }
                assert_eq!(inner.model(), expected, "seed {seed}, life {life}, page {page}");
                let balances = Balances::<1> { poison: None };
                let mut projector = Projector::of(&journal, inner, balances);
                assert_eq!(projector.parked().await.unwrap().len(), parked, "seed {seed}");
            }
        }
    }
}
