//! What TCC tells: who does not answer, what waits for somebody and who has mended it, and what
//! cannot be carried on.

use std::sync::atomic::{AtomicU32, Ordering};

use reliability::distributed::transaction::tcc::{Coordinator, Cx, Operator, Tcc, Transient};
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

async fn get_stuck_be_mended_and_be_illegible() {
    let journal = Journal::in_memory();
    let coordinator = Coordinator::on(&journal).participant(Seats::default()).stuck_after(1);
    let coordinator = coordinator.build().unwrap();
    let mut order = coordinator.begin("1").await.unwrap();
    let seats = order.reserve::<Seats>(3).await.unwrap();
    assert_eq!(order.confirm((seats,)).await.unwrap().pending, 1);
    Operator::on(&journal).retry("1", "ada", "the office is open").await.unwrap();
    assert_eq!(coordinator.recover().await.unwrap().confirmed, 1);
    let nonsense = Append::to(&StreamId::new("tcc", "2").unwrap()).due(Due::Now);
    journal.append(nonsense.event(Event::bytes("Nonsense", 1, []))).await.unwrap();
    assert_eq!(coordinator.recover().await.unwrap().pending, 1);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_does_not_get_on_is_told() {
    let heard = heard_of(get_stuck_be_mended_and_be_illegible).await;
    assert_as_documented(&heard, |event| event.starts_with("reliability.tcc."));
    let names: Vec<_> = heard.iter().map(|(event, _)| event.name()).collect();
    let events = ["failed", "stuck", "mended", "broken"].map(|it| format!("reliability.tcc.{it}"));
    assert_eq!(names, events);
    let [failed, stuck, mended, broken] = [0, 1, 2, 3].map(|at: usize| &heard[at].1);
    for of_the_first in [failed, stuck, mended] {
        assert_eq!(of_the_first["reliability.tcc.transaction"], "1");
    }
    assert_eq!(failed["reliability.tcc.participant"], "seats");
    assert_eq!(failed["reliability.tcc.decision"], "confirm");
    assert_eq!(failed["reliability.error"], "the office is closed");
    assert!(stuck["reliability.tcc.participants"].contains("seats"), "{stuck:?}");
    assert_eq!(mended["reliability.tcc.verb"], "retry");
    assert_eq!(mended["reliability.tcc.by"], "ada");
    assert_eq!(broken["reliability.tcc.transaction"], "2");
    assert!(broken["reliability.error"].contains("`Nonsense` is no event of a TCC"));
}
