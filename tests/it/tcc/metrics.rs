//! What TCC tells in numbers.

use std::sync::atomic::{AtomicU32, Ordering};

use reliability::distributed::transaction::tcc::{
    Coordinator, Cx, Operator, ReserveError, Tcc, Transient,
};
use reliability::journal::Journal;

use crate::metrics::{as_the_chapter_says, grows, sum};

/// Whose office is closed at first.
#[derive(Default)]
struct Places {
    asked: AtomicU32,
}

impl Tcc for Places {
    const NAME: &'static str = "metered_places";
    type Input = u32;
    type Refused = String;

    async fn reserve(&self, _: &Cx, places: &u32) -> Result<(), String> {
        if *places > 9 { Err("there are nine".into()) } else { Ok(()) }
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

async fn get_stuck_be_mended_and_be_refused() {
    let journal = Journal::in_memory();
    let coordinator = Coordinator::on(&journal).participant(Places::default()).stuck_after(1);
    let coordinator = coordinator.build().unwrap();
    let mut order = coordinator.begin("1").await.unwrap();
    let places = order.reserve::<Places>(3).await.unwrap();
    assert_eq!(order.confirm((places,)).await.unwrap().pending, 1);
    Operator::on(&journal).retry("1", "ada", "the office is open").await.unwrap();
    assert_eq!(coordinator.recover().await.unwrap().confirmed, 1);
    let mut order = coordinator.begin("2").await.unwrap();
    let refused = order.reserve::<Places>(10).await.unwrap_err();
    assert!(matches!(refused, ReserveError::Refused(_)), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn transactions_are_told_by_what_was_decided_and_who_has_not_done_it() {
    let decided = |decision| Some(("reliability.tcc.decision", decision));
    let all = [
        ("reliability.tcc.begun", None, 2.0),
        ("reliability.tcc.decided", decided("confirm"), 1.0),
        ("reliability.tcc.decided", decided("cancel"), 1.0),
        ("reliability.tcc.ended", None, 2.0),
        ("reliability.tcc.recovered", None, 1.0),
        ("reliability.tcc.stuck", None, 1.0),
    ];
    grows(&all, get_stuck_be_mended_and_be_refused()).await;
    // Nobody else has that name.
    let of = ("reliability.tcc.participant", "metered_places");
    assert_eq!(sum("reliability.tcc.refused", &[of]), 1.0);
    let told = ("reliability.tcc.decision", "confirm");
    assert_eq!(sum("reliability.tcc.failed", &[of, told]), 1.0);
    assert_eq!(sum("reliability.tcc.failed", &[of]), 1.0);
    as_the_chapter_says("tcc", "reliability.tcc.");
}
