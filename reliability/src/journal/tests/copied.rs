//! A journal is copied with live work in it, and the copying is broken off again and again.

use std::time::{Duration, SystemTime};

use super::*;
use crate::error::{Class, Fault};
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::time::WallClock;

const SECOND: Duration = Duration::from_secs(1);

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn order(key: u32) -> StreamId {
    StreamId::new("order", &key.to_string()).unwrap()
}

/// Streams of all kinds: finished, due, due later, stuck, released by a worker, and without records.
/// One was given the highest epoch, and is forgotten.
async fn lived(journal: &Journal, clock: &WallClock) {
    for round in 0..3 {
        for key in 0..700 {
            let event = Event::json("Numbered", 1, &(key, round)).unwrap();
            let append = Append::to(&order(key)).after(Sequence::new(round)).event(event);
            journal.append(append).await.unwrap();
        }
        clock.advance(SECOND);
    }
    let status = Append::to(&order(1)).status("stuck").priority(-7).due(Due::Never);
    journal.append(status).await.unwrap();
    journal.append(Append::to(&order(2)).due(Due::After(SECOND * 60))).await.unwrap();
    journal.append(Append::to(&order(3)).due(Due::Now)).await.unwrap();
    journal.append(Append::to(&order(4)).due(Due::Now).priority(9)).await.unwrap();
    journal.append(Append::to(&order(9_000)).status("empty")).await.unwrap();
    let lease = journal.claim(Claim::of(["order"]).by("worker")).await.unwrap().remove(0);
    let next = Event::bytes("Next", 2, vec![0, 255]);
    journal.append(Append::to(&lease.stream).fenced(&lease).event(next)).await.unwrap();
    let gone = order(9_001);
    let begin = Append::to(&gone).after(Sequence::START).held_by("worker", SECOND);
    journal.append(begin).await.unwrap();
    clock.advance(SECOND);
    journal.remove(&gone, Sequence::START).await.unwrap();
}

async fn everything(journal: &Journal) -> String {
    let mut heads = journal.heads(Heads::all()).await.unwrap();
    heads.iter_mut().for_each(|head| head.held = None);
    let all = journal.read_all(Position::START, 10_000).await.unwrap();
    let all = all.iter().map(|it| (&it.stream, it.sequence, it.epoch, it.at, &it.event));
    format!("{heads:?} {:?}", all.collect::<Vec<_>>())
}

/// Lets so many parts through, and fails then.
#[derive(Debug)]
struct Breaking {
    inner: Journal,
    parts: AtomicU32,
}

impl Store for Breaking {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        self.inner.store().append(batch)
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.inner.store().read(stream, after, most)
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.inner.store().read_all(after, most)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.inner.store().head(stream)
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.inner.store().heads(heads)
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.inner.store().claim(claim)
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.inner.store().renew(leases, length)
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.inner.store().remove(stream, last)
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.inner.store().remove_held(lease)
    }

    fn standing(&self) -> Answer<'_, Standing> {
        self.inner.store().standing()
    }

    fn seal(&self, sealed: bool) -> Answer<'_, ()> {
        self.inner.store().seal(sealed)
    }

    fn adopt(&self, adopted: Adopted) -> Answer<'_, ()> {
        match self.parts.load(Ordering::Relaxed) {
            0 => Box::pin(core::future::ready(Err(JournalError::Closed))),
            left => {
                self.parts.store(left - 1, Ordering::Relaxed);
                self.inner.store().adopt(adopted)
            }
        }
    }

    fn changes(&self) -> Changes {
        self.inner.changes()
    }
}

/// Copies, breaking off after every part, and looks whether both are the same.
async fn copy_and_compare(from: Journal, to: Journal, clock: &WallClock) {
    lived(&from, clock).await;
    let held = copy(&from, &to).await.unwrap_err();
    assert!(matches!(held, CopyError::Held { .. }), "{held}");
    assert_eq!(held.class(), Class::Transient);
    clock.advance(SECOND * 40);
    let (before, epoch) = (everything(&from).await, from.standing().await.unwrap().epoch);

    let mut broken = 0;
    let copied = loop {
        let parts = AtomicU32::new(1);
        let breaking = Journal::on(Breaking { inner: to.clone(), parts });
        match copy(&from, &breaking).await {
            Ok(copied) => break copied,
            Err(CopyError::To(JournalError::Closed)) => broken += 1,
            Err(error) => panic!("{error}"),
        }
        let refused = to.append(Append::to(&order(5))).await.unwrap_err();
        assert!(matches!(refused, JournalError::Sealed), "nobody works in half a copy: {refused}");
        if broken == 5 {
            break copy(&from, &to).await.unwrap();
        }
    };
    assert!(broken > 1, "{broken}");
    assert_eq!((copied.streams, copied.records), (701, 2_101));
    assert!(copied.found >= 1_000, "{copied:?}");
    assert_eq!(everything(&to).await, before);
    assert_eq!(to.standing().await.unwrap(), Standing::new(false, epoch));

    // Again, it only compares; and after work has gone on there, it says so and breaks nothing.
    let mut told = Vec::new();
    let again = copy(&from, &to).progress(|it| told.push(it.comparing)).await.unwrap();
    assert_eq!((again.found, again.records), (2_101, 2_101));
    assert!(!told.is_empty() && told.iter().all(|comparing| *comparing));
    let leases = to.claim(Claim::of(["order"]).most(9)).await.unwrap();
    let keys: Vec<&str> = leases.iter().map(|lease| lease.stream.key()).collect();
    assert_eq!(keys, ["4", "3"], "what is urgent, and what was due");
    assert!(leases.iter().all(|lease| lease.epoch > epoch));
    let next = Event::bytes("Next", 3, []);
    to.append(Append::to(&leases[0].stream).fenced(&leases[0]).event(next)).await.unwrap();
    let differs = copy(&from, &to).await.unwrap_err();
    assert!(matches!(differs, CopyError::Differs { .. }), "{differs}");
    assert_eq!(differs.class(), Class::Permanent);
    let stale = from.append(Append::to(&order(3))).await.unwrap_err();
    assert!(stale.to_string().contains("open that one"), "{stale}");
}

#[tokio::test]
async fn from_memory_to_memory() {
    let clock = WallClock::manual(start());
    let open = || Journal::on(MemoryStore::with_clock(&clock));
    copy_and_compare(open(), open(), &clock).await;
}

#[cfg(all(feature = "redb", feature = "sqlite"))]
#[tokio::test]
async fn from_sqlite_to_redb_and_back() {
    use super::folder::Folder;

    let folder = Folder::new();
    let clock = WallClock::manual(start());
    let sqlite =
        |name| Journal::on(SqliteStore::builder(folder.file(name)).clock(&clock).build().unwrap());
    let redb =
        |name| Journal::on(RedbStore::builder(folder.file(name)).clock(&clock).build().unwrap());
    copy_and_compare(sqlite("1.db"), redb("1.redb"), &clock).await;
    copy_and_compare(redb("2.redb"), sqlite("2.db"), &clock).await;
}

#[cfg(all(feature = "postgres", feature = "sqlite"))]
#[tokio::test]
async fn from_sqlite_to_postgres_and_back() {
    use super::folder::Folder;

    let folder = Folder::new();
    let server = reliability_tests::postgres::Postgres::shared();
    let clock = WallClock::manual(start());
    let sqlite =
        |name| Journal::on(SqliteStore::builder(folder.file(name)).clock(&clock).build().unwrap());
    let postgres = async || {
        let database = server.url_of(&server.database());
        Journal::on(PostgresStore::builder(&database).clock(&clock).build().await.unwrap())
    };
    copy_and_compare(sqlite("1.db"), postgres().await, &clock).await;
    copy_and_compare(postgres().await, sqlite("2.db"), &clock).await;
}

#[tokio::test]
async fn who_names_the_wrong_place_goes_on_working() {
    let (from, to) = (Journal::in_memory(), Journal::in_memory());
    from.append(Append::to(&order(1)).event(Event::bytes("Placed", 1, []))).await.unwrap();
    to.append(Append::to(&order(2)).event(Event::bytes("Placed", 1, []))).await.unwrap();
    let differs = copy(&from, &to).await.unwrap_err();
    assert!(differs.to_string().contains("neither empty nor a copy of this one"), "{differs}");
    for (journal, key) in [(&from, 1), (&to, 2)] {
        journal.append(Append::to(&order(key)).after(Sequence::new(1))).await.unwrap();
    }
}
