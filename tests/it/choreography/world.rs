//! Machines whose time goes by when a test says so.

use std::time::{Duration, SystemTime};

use reliability::distributed::transaction::choreography::bus::JournalBus;
use reliability::journal::{Heads, Journal, MemoryStore};
use reliability::time::WallClock;

/// One bus, and a journal for each participant's machine.
pub(super) struct World {
    pub(super) clock: WallClock,
    pub(super) bus: JournalBus,
    pub(super) shop: Journal,
    pub(super) bank: Journal,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let journal = || Journal::on(MemoryStore::with_clock(&clock));
        let (bus, shop, bank) = (JournalBus::on(&journal()), journal(), journal());
        Self { clock, bus, shop, bank }
    }

    pub(super) async fn tick(&self) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.clock.advance(Duration::from_millis(10));
    }

    /// Until somebody has written that down.
    pub(super) async fn until(&self, journal: &Journal, kind: &str, status: &str) {
        for _ in 0..10_000 {
            if !journal.heads(Heads::of(kind).with_status(status)).await.unwrap().is_empty() {
                return;
            }
            self.tick().await;
        }
        panic!("no `{kind}` was ever {status:?}");
    }

    pub(super) async fn end_of<T>(&self, end: impl Future<Output = T>) -> T {
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                biased;
                end = &mut end => return end,
                () = self.tick() => {}
            }
        }
    }
}
