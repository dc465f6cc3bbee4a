//! What somebody has to look at, of all kinds.

use std::time::{Duration, SystemTime};

use reliability::distributed::transaction::saga::{Cx, End, Outcome, Sagas, saga};
use reliability::journal::{Append, Event, Head, Heads, MemoryStore};
use reliability::time::WallClock;

use super::*;

#[saga(input = u32, refuse = String)]
#[derive(Debug)]
enum Trip {
    #[pivot(pay, retry = 1)]
    Paid(()),
}

/// Nobody has to pay for nothing.
async fn pay(_: &Cx, cents: &u32) -> Result<(), Outcome<String>> {
    if *cents == 0 { Ok(()) } else { Err(Outcome::transient("the bank is closed")) }
}

#[tokio::test]
async fn what_needs_somebody_is_listed_of_whatever_kind_and_nothing_else_is() {
    let (journal, order) = stuck().await;
    let sagas = Sagas::on(&journal).saga::<Trip>(()).start().unwrap();
    for (key, cents) in [("fails", 7), ("ends", 0)] {
        let end = sagas.start::<Trip>(key, cents).await.unwrap().ended().await.unwrap();
        assert_eq!(matches!(end, End::Stuck { .. }), cents > 0, "{end:?}");
    }
    let coordinator = TwoPhase::builder(&journal).kind("transfers");
    let coordinator = coordinator.deliver_within(Duration::from_millis(1)).build().unwrap();
    for (id, against) in [("lost", false), ("against", true)] {
        let banks = ["here", "there"].map(|name| Arc::new(Bank { name, against }) as _);
        coordinator.run(TransactionId::new(id).unwrap(), banks.into()).await.unwrap();
    }
    let listed = async |name| {
        let found = wanted(&journal, name, &Which::Attention).await.unwrap();
        found.iter().map(|(_, head)| head.stream.to_string()).collect::<Vec<_>>()
    };
    // What was decided a moment ago is still being told.
    assert_eq!(listed(None).await, [&*order.to_string(), "trip/fails", "transfers/against"]);
    assert_eq!(listed(Some("trip")).await, ["trip/fails"]);
    assert_eq!(listed(Some("transfers")).await, ["transfers/against"]);
    sagas.stop(Duration::ZERO).await;
}

/// What has that status since the clock began to run.
async fn with_status(status: &'static str) -> Head {
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH);
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    let stream = StreamId::new("transfers", "1").unwrap();
    let append = Append::to(&stream).event(Event::bytes("Happened", 1, [])).status(status);
    journal.append(append).await.unwrap();
    journal.heads(Heads::all()).await.unwrap().remove(0)
}

#[tokio::test]
async fn what_is_in_doubt_needs_somebody_when_it_does_not_end_by_itself() {
    let minute = Duration::from_secs(60);
    let needs = |kind: Kind, head: &Head, after: Duration| {
        kind.needs_somebody(head, SystemTime::UNIX_EPOCH + after)
    };
    for (kind, status) in [
        (Kind::TwoPhase, "committed"),
        (Kind::ThreePhase, "waiting"),
        (Kind::ThreePhase, "pre-committed"),
        (Kind::Site, "working"),
        (Kind::Site, "promised"),
        (Kind::Site, "forced"),
    ] {
        let head = with_status(status).await;
        assert!(!needs(kind, &head, minute - Duration::from_secs(1)), "{status}");
        assert!(needs(kind, &head, minute), "{status}");
    }
    for status in ["stuck", "parked", "broken", "heuristic"] {
        assert!(needs(Kind::Saga, &with_status(status).await, Duration::ZERO), "{status}");
    }
    // A saga may wait for as long as it likes.
    for status in ["running", "undoing", "waiting", "completed", "abandoned", "elsewhere"] {
        assert!(!needs(Kind::Saga, &with_status(status).await, 100 * minute), "{status}");
    }
}
