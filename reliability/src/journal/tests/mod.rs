#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

use super::*;

#[tokio::test]
async fn the_store_in_memory_conforms() {
    conformance::check(async |clock| Journal::on(MemoryStore::with_clock(clock))).await.unwrap();
    conformance::check_copying(async |clock| Journal::on(MemoryStore::with_clock(clock)))
        .await
        .unwrap();
}

#[cfg(feature = "sqlite")]
mod by_hand;
mod copied;
#[cfg(any(feature = "redb", feature = "sqlite"))]
mod folder;
#[cfg(feature = "sqlite")]
mod in_a_file;
#[cfg(feature = "redb")]
mod in_redb;
#[cfg(feature = "sqlite")]
mod refused;
#[cfg(any(feature = "postgres", feature = "redb", feature = "sqlite"))]
mod same;

#[tokio::test]
async fn what_could_never_find_a_stream_is_invalid() {
    let journal = Journal::in_memory();
    let claim = journal.claim(Claim::of(["order", "An Order"])).await.unwrap_err();
    let heads = journal.heads(Heads::of("An Order")).await.unwrap_err();
    for refused in [claim, heads] {
        let said = refused.to_string();
        assert!(said.contains("`kind` must be 1 to 64 of `a-z`"), "{said}");
        assert!(said.contains("An Order"), "{said}");
    }
}

#[tokio::test]
async fn a_batch_that_would_fill_the_memory_is_invalid() {
    let journal = Journal::in_memory();
    let order = StreamId::new("order", "1").unwrap();
    let part = || Append::to(&order).event(Event::bytes("Large", 1, vec![0; 12 << 20]));
    let refused = journal.append_all([part(), part(), part()]).await.unwrap_err().to_string();
    assert!(refused.contains("`batch` must be at most 32 MiB of events"), "{refused}");
    assert_eq!(journal.head(&order).await.unwrap(), None);
    journal.append_all([part(), part()]).await.unwrap();
}

#[tokio::test]
async fn the_end_of_what_a_clock_can_show_is_no_end_of_the_store() {
    let year = std::time::Duration::from_secs(31_556_952);
    let far = std::time::SystemTime::UNIX_EPOCH + year * 300_000;
    let clock = crate::time::WallClock::manual(far);
    for _ in 0..64 {
        // As far as it goes, whatever that is on this system.
        (0..63).rev().for_each(|n| clock.advance(std::time::Duration::from_secs(1 << n)));
    }
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    let order = StreamId::new("order", "1").unwrap();
    journal.append(Append::to(&order).due(Due::After(year))).await.unwrap();
    let leases = journal.claim(Claim::of(["order"])).await.unwrap();
    assert_eq!(journal.renew(&leases, year / 366).await.unwrap(), [true]);
}
