//! What TCC tells: who does not answer, and what cannot be carried on.

use std::sync::atomic::{AtomicU32, Ordering};

use reliability::distributed::transaction::tcc::{Coordinator, Cx, Tcc, Transient};
use reliability::journal::{Append, Due, Event, Journal, StreamId};

use crate::policy::events::{assert_as_documented, heard_of};

/// Seats whose office is closed at first.
#[derive(Default)]
struct Seats {
    asked: AtomicU32,
}

impl Tcc for Seats {
    const NAME: &'static str = "seats";
    type Input = u32;
    type Refused = String;

    async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> {
        Ok(())
    }

    async fn confirm(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
        match self.asked.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Transient::new("the office is closed")),
            _ => Ok(()),
        }
    }

    async fn cancel(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
        Ok(())
    }
}

async fn fail_once_and_be_illegible() {
    let journal = Journal::in_memory();
    let coordinator = Coordinator::on(&journal).participant(Seats::default()).build().unwrap();
    let mut order = coordinator.begin("1").await.unwrap();
    let seats = order.reserve::<Seats>(3).await.unwrap();
    assert_eq!(order.confirm((seats,)).await.unwrap().pending, 1);
    let nonsense = Append::to(&StreamId::new("tcc", "2").unwrap()).due(Due::Now);
    journal.append(nonsense.event(Event::bytes("Nonsense", 1, []))).await.unwrap();
    assert_eq!(coordinator.recover().await.unwrap().pending, 1);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_does_not_get_on_is_told() {
    let heard = heard_of(fail_once_and_be_illegible).await;
    assert_as_documented(&heard, |event| event.starts_with("reliability.tcc."));
    let told: Vec<_> = heard.iter().map(|(event, fields)| (event.name(), fields)).collect();
    let [(failed, of_failed), (broken, of_broken)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(*failed, "reliability.tcc.failed");
    assert_eq!(of_failed["reliability.tcc.transaction"], "1");
    assert_eq!(of_failed["reliability.tcc.participant"], "seats");
    assert_eq!(of_failed["reliability.tcc.decision"], "confirm");
    assert_eq!(of_failed["reliability.error"], "the office is closed");
    assert_eq!(*broken, "reliability.tcc.broken");
    assert_eq!(of_broken["reliability.tcc.transaction"], "2");
    assert!(of_broken["reliability.error"].contains("`Nonsense` is no event of a TCC"));
}
