#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use crate::journal::{Append, Event, Journal, StreamId};

/// Long enough that nobody loses what it holds because the machine is busy.
const LEASE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(100);

fn on(journal: &Journal) -> JournalBus {
    JournalBus::builder(journal).lease(LEASE).poll(POLL).build().unwrap()
}

fn envelope(name: &'static str) -> Envelope {
    let event = Event::json(name, 1, &"tea").unwrap();
    Envelope::new("place_order", TransactionId::new(7), "order-1", event).unwrap()
}

fn stock() -> Group {
    Group::of("place_order", "stock").unwrap()
}

#[tokio::test]
async fn a_bus_in_memory_conforms() {
    conformance::check(async || Arc::new(on(&Journal::in_memory()))).await.unwrap();
}

/// A folder that is gone afterwards.
#[cfg(feature = "sqlite")]
struct Folder(std::path::PathBuf);

#[cfg(feature = "sqlite")]
impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(alloc::format!("bus-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

#[cfg(feature = "sqlite")]
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_bus_in_a_file_conforms_and_outlives_its_process() {
    let folder = Folder::new();
    let count = core::cell::Cell::new(0);
    conformance::check(async || {
        count.set(count.get() + 1);
        let file = alloc::format!("{}.db", count.get());
        Arc::new(on(&Journal::open(folder.0.join(file)).unwrap()))
    })
    .await
    .unwrap();

    let file = folder.0.join("restarted.db");
    {
        let bus = on(&Journal::open(&file).unwrap());
        bus.declare(stock()).await.unwrap();
        bus.publish(envelope("Placed")).await.unwrap();
        bus.publish(envelope("Reserved")).await.unwrap();
        let mut held = bus.subscribe(stock()).await.unwrap();
        // One is settled, the other one is in somebody's hands when everything ends.
        held.next().await.unwrap().ack().await.unwrap();
        let _in_hand = held.next().await.unwrap();
    }
    let bus = on(&Journal::open(&file).unwrap());
    let mut stock = bus.subscribe(stock()).await.unwrap();
    let left = stock.next().await.unwrap();
    assert!(["Placed", "Reserved"].contains(&left.envelope().event().name()));
    left.ack().await.unwrap();
    bus.publish(envelope("Charged")).await.unwrap();
    assert_eq!(stock.next().await.unwrap().envelope().event().name(), "Charged");
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_another_one_is_held_on_and_comes_to_one_member_only() {
    use std::time::SystemTime;
    for is_slower_than_its_lease in [false, true] {
        let clock = crate::time::WallClock::manual(SystemTime::UNIX_EPOCH + LEASE);
        let journal = Journal::on(crate::journal::MemoryStore::with_clock(&clock));
        let bus = on(&journal);
        let mut slow = bus.subscribe(stock()).await.unwrap();
        for name in ["Placed", "Reserved", "Charged"] {
            bus.publish(envelope(name)).await.unwrap();
        }
        let wait = async |time: Duration| {
            tokio::time::advance(time).await;
            clock.advance(time);
        };
        let mut came = vec![];
        let mut quick = bus.subscribe(stock()).await.unwrap();
        for _ in 0..3 {
            let Ok(delivery) = tokio::time::timeout(POLL, slow.next()).await else { break };
            let delivery = delivery.unwrap();
            came.push(delivery.envelope().id().clone());
            match is_slower_than_its_lease {
                true => wait(LEASE * 2).await,
                false => wait(LEASE * 2 / 3).await,
            }
            delivery.ack().await.unwrap();
            while let Ok(delivery) = tokio::time::timeout(POLL, quick.next()).await {
                let delivery = delivery.unwrap();
                came.push(delivery.envelope().id().clone());
                delivery.ack().await.unwrap();
            }
        }
        assert_eq!(came.len(), 3, "{is_slower_than_its_lease}: {came:?}");
        came.sort_unstable();
        came.dedup();
        assert_eq!(came.len(), 3, "{is_slower_than_its_lease}: {came:?}");
    }
}

#[tokio::test]
async fn nothing_is_left_of_what_was_acknowledged() {
    let journal = Journal::in_memory();
    let bus = on(&journal);
    let mut member = bus.subscribe(stock()).await.unwrap();
    for _ in 0..10 {
        bus.publish(envelope("Placed")).await.unwrap();
        member.next().await.unwrap().ack().await.unwrap();
    }
    let left = journal.heads(crate::journal::Heads::all()).await.unwrap();
    let left: Vec<&str> = left.iter().map(|head| head.stream.kind()).collect();
    assert_eq!(left, ["bus.groups"]);
}

#[tokio::test]
async fn what_is_no_envelope_holds_nothing_up_and_is_kept() {
    use crate::journal::{Append, Due, Heads, StreamId};
    let journal = Journal::in_memory();
    let bus = on(&journal);
    let mut member = bus.subscribe(stock()).await.unwrap();
    let foreign = StreamId::new("bus.place_order.stock", "foreign").unwrap();
    let append = Append::to(&foreign).event(Event::bytes("Published", 1, "what?")).due(Due::Now);
    journal.append(append).await.unwrap();
    bus.publish(envelope("Placed")).await.unwrap();
    let came = member.next().await.unwrap();
    assert_eq!(came.envelope().event().name(), "Placed");
    let kept = journal.heads(Heads::all().with_status("unreadable")).await.unwrap();
    assert_eq!(kept.len(), 1);
}

#[test]
fn what_is_no_envelope_is_told_so() {
    let told = |written: &[u8]| Envelope::read(written).unwrap_err().to_string();
    assert_eq!(told(b""), "what came is no envelope: it has no first line");
    assert_eq!(told(b"{}\n"), "what came is no envelope: its first line has no `encoding`");
    assert!(told(b"what?\n").starts_with("what came is no envelope: expected value"));
    let written = envelope("Placed").write();
    for cut in 0..written.len() - 5 {
        assert!(Envelope::read(&written[..cut]).is_err(), "{cut}");
    }
    let other = alloc::string::String::from_utf8(written).unwrap();
    let other = other.replace("00000007\"", "0000007\"");
    assert!(told(other.as_bytes()).contains("32 hexadecimal digits"));
}

#[test]
fn groups_of_one_bus_never_share_a_kind() {
    let long = "x".repeat(64);
    let names = ["a", "a.b", "b", "b.c", "place_order", long.as_str()];
    let mut kinds = vec![];
    for topic in names {
        for name in names {
            kinds.push(journal::kind(&Group::of(topic, name).unwrap()));
        }
    }
    assert!(kinds.iter().all(|kind| kind.len() <= 64), "{kinds:?}");
    let count = kinds.len();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), count);
}

#[tokio::test]
async fn a_group_that_is_declared_again_begins_with_what_comes_then_whoever_died_removing_it() {
    let journal = Journal::in_memory();
    let bus = on(&journal);
    bus.declare(stock()).await.unwrap();
    for name in ["Reserved", "Charged"] {
        bus.publish(envelope(name)).await.unwrap();
    }
    assert_eq!(waiting(&bus).await, [2]);
    // What a process has written that died before it had thrown anything away.
    let groups = StreamId::new("bus.groups", "place_order").unwrap();
    let removed = Event::json("Removed", 1, "stock").unwrap();
    journal.append(Append::to(&groups).event(removed)).await.unwrap();
    bus.declare(stock()).await.unwrap();
    assert_eq!(waiting(&bus).await, [0]);
    bus.publish(envelope("Mailed")).await.unwrap();
    let mut member = bus.subscribe(stock()).await.unwrap();
    let first = member.next().await.unwrap();
    assert_eq!(first.envelope().event().name(), "Mailed");
    first.ack().await.unwrap();
    assert_eq!(waiting(&bus).await, [0]);
}

async fn waiting(bus: &JournalBus) -> Vec<usize> {
    let waiting = bus.waiting("place_order").await.unwrap();
    waiting.into_iter().map(|(_, count)| count).collect()
}
