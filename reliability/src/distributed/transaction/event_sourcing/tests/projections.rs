//! Read models: exactly once, in whatever way they are interrupted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::account::*;
use crate::distributed::transaction::event_sourcing::{
    Failure, Happened, Inbox, MemoryReadStore, MemoryTransaction, Outbox, Projection, Projector,
    Publisher, ReadStore as _, Repository,
};
use crate::journal::{Append, Event, Journal, StreamId};
use crate::sync::Mutex;

pub(super) type Sums = BTreeMap<String, (u64, u32)>;

/// What is in each account, and how many events it has seen.
pub(super) struct Balances<const V: u32 = 1> {
    /// Deposits of so much are refused.
    pub(super) poison: Option<u64>,
}

pub(super) fn take(sums: &mut Sums, happened: &Happened<AccountEvent>) {
    let (cents, seen) = sums.entry(happened.stream.key().to_owned()).or_default();
    *seen += 1;
    match &happened.event {
        AccountEvent::Deposited(event) => *cents += event.cents,
        AccountEvent::Withdrawn(taken) => *cents -= taken,
        AccountEvent::Opened(_) | AccountEvent::Closed => {}
    }
}

impl<const V: u32> Balances<V> {
    pub(super) fn check(&self, happened: &Happened<AccountEvent>) -> Result<(), Failure> {
        match &happened.event {
            AccountEvent::Deposited(event) if Some(event.cents) == self.poison => {
                Err("it is poisonous".into())
            }
            _ => Ok(()),
        }
    }
}

impl<const V: u32> Projection<MemoryTransaction<Sums>> for Balances<V> {
    type Event = AccountEvent;
    const NAME: &'static str = "balances";
    const VERSION: u32 = V;

    async fn reset(&mut self, rows: &mut MemoryTransaction<Sums>) -> Result<(), Failure> {
        rows.model.clear();
        Ok(())
    }

    async fn apply(
        &mut self,
        rows: &mut MemoryTransaction<Sums>,
        happened: &Happened<AccountEvent>,
    ) -> Result<(), Failure> {
        // Written before it fails: it must be gone with the transaction.
        take(&mut rows.model, happened);
        self.check(happened)
    }
}

async fn three_accounts(journal: &Journal) -> Repository<Account> {
    let accounts: Repository<Account> = Repository::on(journal);
    for key in ["1", "2", "3"] {
        accounts.execute(key, &Command::Open("Ada")).await.unwrap();
    }
    for cents in [5, 13, 7] {
        for key in ["1", "2", "3"] {
            let cents = if key == "2" { cents } else { cents + 100 };
            accounts.execute(key, &Command::Deposit(cents)).await.unwrap();
        }
    }
    accounts
}

fn sums(of: &[(&str, u64, u32)]) -> Sums {
    of.iter().map(|(key, cents, seen)| ((*key).to_owned(), (*cents, *seen))).collect()
}

#[tokio::test]
async fn what_has_happened_is_taken_in_once_and_goes_on_where_it_was() {
    let journal = Journal::in_memory();
    let accounts = three_accounts(&journal).await;
    let store = MemoryReadStore::new(Sums::new());
    for page in [1, 2, 5, 500] {
        let builder = Projector::builder(&journal, store.clone(), Balances::<1> { poison: None });
        let mut projector = builder.page(page).build().unwrap();
        let progress = projector.catch_up().await.unwrap();
        assert_eq!((progress.is_caught_up, progress.parked), (true, 0));
        assert_eq!(progress.lag, Duration::ZERO);
        let expected = sums(&[("1", 325, 4), ("2", 25, 4), ("3", 325, 4)]);
        assert_eq!(store.model(), expected, "page {page}");
    }
    accounts.execute("2", &Command::Deposit(5)).await.unwrap();
    let mut projector = Projector::of(&journal, store.clone(), Balances::<1> { poison: None });
    assert_eq!(projector.catch_up().await.unwrap().applied, 1);
    assert_eq!(store.model()["2"], (30, 5));
}

#[tokio::test]
async fn what_cannot_be_taken_in_is_parked_with_what_comes_behind_it_in_its_stream() {
    let expected = sums(&[("1", 325, 4), ("2", 5, 2), ("3", 325, 4)]);
    for page in [1, 2, 3, 500] {
        let journal = Journal::in_memory();
        let accounts = three_accounts(&journal).await;
        let store = MemoryReadStore::new(Sums::new());
        let builder =
            Projector::builder(&journal, store.clone(), Balances::<1> { poison: Some(13) });
        let mut projector = builder.page(page).attempts(2).build().unwrap();
        let progress = projector.catch_up().await.unwrap();
        assert_eq!((progress.applied, progress.parked), (10, 2), "page {page}");
        assert_eq!(store.model(), expected);
        let parked = projector.parked().await.unwrap();
        let told: Vec<_> = parked
            .iter()
            .map(|it| (it.stream.key(), it.sequence.get(), it.error.as_str()))
            .collect();
        let behind = "an event before it in its stream is parked";
        assert_eq!(told, [("2", 3, "it is poisonous"), ("2", 4, behind)]);
        // Another process, which knows it from the store.
        accounts.execute("2", &Command::Deposit(1)).await.unwrap();
        let again = Balances::<1> { poison: Some(13) };
        let mut projector = Projector::of(&journal, store.clone(), again);
        assert_eq!(projector.catch_up().await.unwrap().parked, 3);
        assert_eq!(projector.retry_parked().await.unwrap(), 0);
        assert_eq!(store.model(), expected);
        // It is mended.
        let mended = Balances::<1> { poison: None };
        let mut projector = Projector::of(&journal, store.clone(), mended);
        assert_eq!(projector.retry_parked().await.unwrap(), 3);
        assert_eq!(projector.parked().await.unwrap(), []);
        accounts.execute("2", &Command::Deposit(1)).await.unwrap();
        assert_eq!(projector.catch_up().await.unwrap().parked, 0);
        assert_eq!(store.model()["2"], (27, 6));
    }
}

#[tokio::test]
async fn a_record_that_is_no_event_is_parked_too() {
    let journal = Journal::in_memory();
    let stream = StreamId::new("account", "9").unwrap();
    journal.append(Append::to(&stream).event(Event::bytes("Opend", 1, []))).await.unwrap();
    let store = MemoryReadStore::new(Sums::new());
    let mut projector = Projector::of(&journal, store, Balances::<1> { poison: None });
    projector.catch_up().await.unwrap();
    let parked = projector.parked().await.unwrap();
    assert!(parked[0].error.contains("there is no event `Opend`"), "{}", parked[0].error);
}

#[tokio::test]
async fn another_version_is_built_anew_and_so_is_what_is_asked_for() {
    let journal = Journal::in_memory();
    three_accounts(&journal).await;
    let store = MemoryReadStore::new(Sums::new());
    let mut old = Projector::of(&journal, store.clone(), Balances::<1> { poison: Some(13) });
    old.catch_up().await.unwrap();
    let mut new = Projector::of(&journal, store.clone(), Balances::<2> { poison: None });
    let progress = new.progress();
    assert_eq!(new.catch_up().await.unwrap().applied, 12);
    assert_eq!((progress.now().applied, progress.now().parked), (12, 0));
    assert_eq!(store.model()["2"], (25, 4));
    assert_eq!(new.rebuild().await.unwrap().applied, 24);
    assert_eq!(store.model()["2"], (25, 4));
}

#[tokio::test]
async fn two_at_one_model_take_each_event_in_once() {
    let journal = Journal::in_memory();
    let accounts = three_accounts(&journal).await;
    let store = MemoryReadStore::new(Sums::new());
    let one = || Projector::of(&journal, store.clone(), Balances::<1> { poison: None });
    let (mut first, mut second) = (one(), one());
    for _ in 0..5 {
        first.catch_up().await.unwrap();
        accounts.execute("2", &Command::Deposit(5)).await.unwrap();
        second.catch_up().await.unwrap();
    }
    assert_eq!(store.model()["2"], (50, 9));
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_followed() {
    let journal = Journal::in_memory();
    let store = MemoryReadStore::new(Sums::new());
    let mut projector = Projector::of(&journal, store.clone(), Balances::<1> { poison: None });
    let mut progress = projector.progress();
    let following =
        tokio::spawn(async move { projector.follow().await.map(|never| match never {}) });
    let accounts = three_accounts(&journal).await;
    for many in 5..10 {
        accounts.execute("2", &Command::Deposit(5)).await.unwrap();
        while store.model().get("2").is_none_or(|(_, seen)| *seen < many) {
            progress.next().await;
        }
    }
    assert_eq!(store.model()["2"], (50, 9));
    following.abort();
    assert!(following.await.unwrap_err().is_cancelled());
}

/// What was published, and how often it fails before.
struct Wire {
    sent: Arc<Mutex<Vec<(String, u64)>>>,
    failures: u32,
}

impl Publisher for Wire {
    type Event = AccountEvent;
    const NAME: &'static str = "wire";

    async fn publish(&mut self, happened: &Happened<AccountEvent>) -> Result<(), Failure> {
        self.sent.lock().push((happened.stream.to_string(), happened.sequence.get()));
        match self.failures.checked_sub(1) {
            Some(left) => {
                self.failures = left;
                Err("sent, and the answer was lost".into())
            }
            None => Ok(()),
        }
    }
}

#[tokio::test]
async fn what_is_published_comes_at_least_once_in_order_and_is_accepted_once() {
    let journal = Journal::in_memory();
    three_accounts(&journal).await;
    let store = MemoryReadStore::new(());
    let sent = Arc::new(Mutex::new(Vec::new()));
    let wire = |failures| Wire { sent: Arc::clone(&sent), failures };
    let mut outbox = Outbox::of(&journal, store.clone(), wire(2));
    assert_eq!(outbox.catch_up().await.unwrap().applied, 12);
    // Another process goes on where it was.
    assert_eq!(Outbox::of(&journal, store, wire(0)).catch_up().await.unwrap().applied, 0);
    assert_eq!(outbox.parked().await.unwrap(), []);
    let sent = sent.lock().clone();
    assert_eq!(sent.len(), 14, "two of them came twice");
    let mut inbox = Inbox::default();
    let mut accepted = sent.clone();
    accepted.retain(|(stream, sequence)| inbox.accept(stream, *sequence).unwrap());
    assert_eq!(accepted.len(), 12);
    for stream in ["account/1", "account/2", "account/3"] {
        let of = accepted.iter().filter(|(name, _)| name == stream).map(|(_, number)| *number);
        assert_eq!(of.collect::<Vec<_>>(), [1, 2, 3, 4]);
    }
}

#[cfg(feature = "sqlite")]
mod in_sqlite {
    use super::*;
    use crate::distributed::transaction::event_sourcing::{
        ReadTransaction as _, SqliteReadStore, SqliteTransaction,
    };

    impl Projection<SqliteTransaction> for Balances<1> {
        type Event = AccountEvent;
        const NAME: &'static str = "balances";

        async fn reset(&mut self, rows: &mut SqliteTransaction) -> Result<(), Failure> {
            rows.run(|connection| {
                connection.execute_batch(
                    "DROP TABLE IF EXISTS balance;
                     CREATE TABLE balance (account TEXT PRIMARY KEY, cents INTEGER, seen INTEGER)",
                )
            })
            .await?;
            Ok(())
        }

        async fn apply(
            &mut self,
            rows: &mut SqliteTransaction,
            happened: &Happened<AccountEvent>,
        ) -> Result<(), Failure> {
            let cents = match &happened.event {
                AccountEvent::Deposited(event) => event.cents.cast_signed(),
                AccountEvent::Withdrawn(cents) => -cents.cast_signed(),
                AccountEvent::Opened(_) | AccountEvent::Closed => 0,
            };
            let sql = "INSERT INTO balance VALUES (?1, ?2, 1) ON CONFLICT (account) \
                       DO UPDATE SET cents = cents + ?2, seen = seen + 1";
            let account = happened.stream.key().to_owned();
            rows.run(move |connection| {
                connection.prepare_cached(sql)?.execute(rusqlite::params![account, cents])
            })
            .await?;
            self.check(happened)
        }
    }

    fn model(file: &std::path::Path) -> Sums {
        let connection = rusqlite::Connection::open(file).unwrap();
        let mut select = connection.prepare("SELECT account, cents, seen FROM balance").unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, (row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?)))
        };
        select.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn a_model_in_a_file_is_that_in_memory_also_when_it_is_dropped_half_way() {
        let folder = std::env::temp_dir().join(format!("projections-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let journal = Journal::open(folder.join("journal.db")).unwrap();
        let accounts = three_accounts(&journal).await;
        let file = folder.join("model.db");
        let open = || SqliteReadStore::open(&file).unwrap();
        let mut projector =
            Projector::builder(&journal, open(), Balances::<1> { poison: Some(13) })
                .page(4)
                .build()
                .unwrap();
        projector.catch_up().await.unwrap();
        assert_eq!(model(&file), sums(&[("1", 325, 4), ("2", 5, 2), ("3", 325, 4)]));
        assert_eq!(projector.parked().await.unwrap().len(), 2);
        // Begun, written, and dropped.
        let mut store = open();
        let mut rows = store.begin().await.unwrap();
        let delete =
            |connection: &rusqlite::Connection| connection.execute("DELETE FROM balance", []);
        rows.run(delete).await.unwrap();
        drop(rows);
        let mut mended = Projector::of(&journal, store, Balances::<1> { poison: None });
        assert_eq!(mended.retry_parked().await.unwrap(), 2);
        accounts.execute("2", &Command::Withdraw(5)).await.unwrap();
        assert_eq!(mended.catch_up().await.unwrap().applied, 1);
        // The other one finds that it is elsewhere by now.
        assert_eq!(projector.catch_up().await.unwrap().parked, 0);
        let expected = sums(&[("1", 325, 4), ("2", 20, 5), ("3", 325, 4)]);
        assert_eq!(model(&file), expected);
        projector.rebuild().await.unwrap();
        assert_eq!(projector.parked().await.unwrap().len(), 3, "it still refuses 13");
        drop((journal, projector, mended));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[tokio::test]
    async fn a_commit_waits_for_the_disk_unless_that_is_given_up() {
        let folder = folder("read-model-synchronous");
        let file = folder.join("model.db");
        let opened =
            [SqliteReadStore::open(&file).unwrap(), SqliteReadStore::open_relaxed(&file).unwrap()];
        for (mut store, expected) in opened.into_iter().zip([2, 1]) {
            let mut rows = store.begin().await.unwrap();
            let asked = rows.run(|connection| {
                connection.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0))
            });
            assert_eq!(asked.await, Ok(expected));
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn statements_run_elsewhere_and_one_that_is_given_up_takes_its_transaction_along() {
        let folder = folder("read-model-given-up");
        let mut store = SqliteReadStore::open(folder.join("model.db")).unwrap();
        let mut rows = store.begin().await.unwrap();
        let here = std::thread::current().id();
        let there = rows.run(|_| Ok::<_, rusqlite::Error>(std::thread::current().id())).await;
        assert_ne!(there.unwrap(), here);
        let (go_on, waits) = std::sync::mpsc::channel::<()>();
        {
            let statement = rows.run(move |connection| {
                connection.execute_batch("CREATE TABLE lost (number INTEGER)")?;
                // Nobody sends anything.
                waits.recv().ok();
                Ok::<_, rusqlite::Error>(())
            });
            let mut statement = std::pin::pin!(statement);
            let waker = std::task::Waker::noop();
            assert!(
                statement.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending()
            );
        }
        let error = rows.run(|_| Ok::<_, rusqlite::Error>(())).await.unwrap_err();
        assert!(error.to_string().contains("given up with one of its statements"), "{error}");
        assert!(rows.commit().await.is_err());
        drop(go_on);
        let mut rows = store.begin().await.unwrap();
        let lost = "SELECT count(*) FROM sqlite_schema WHERE name = 'lost'";
        let lost = rows.run(move |connection| connection.query_row(lost, [], |row| row.get(0)));
        assert_eq!(lost.await, Ok(0));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
