//! What steps have finished with panics when it is dropped.

use alloc::format;
use alloc::sync::Arc;
use core::mem::forget;

use serde::{Deserialize, Serialize};

use super::super::*;
use crate::journal::Journal;
use crate::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Heavy(u32);

impl Drop for Heavy {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "nobody drops what is heavy");
    }
}

#[saga(input = u32, refuse = String, shared = Yard)]
pub(super) enum Lift {
    #[step(hoist, undo = lower)]
    Hoisted(Heavy),
    #[pivot(park, needs(Hoisted), retry = 1)]
    Parked(u32),
}

pub(super) struct Yard {
    full: AtomicBool,
}

async fn hoist(_: &Cx<Yard>, tons: &u32) -> Result<Heavy, Outcome<String>> {
    Ok(Heavy(*tons))
}

async fn lower(_: &Cx<Yard>, _: &u32, _: Attempt<'_, Heavy>) -> Result<(), Transient> {
    Ok(())
}

async fn park(cx: &Cx<Yard>, _: &u32, heavy: &Heavy) -> Result<u32, Outcome<String>> {
    match cx.shared().full.load(Ordering::Relaxed) {
        true => Err(Outcome::transient("there is no room")),
        false => Ok(heavy.0),
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_and_the_run_goes_on_although_an_output_panics_when_it_is_dropped() {
    let (journal, yard) = (Journal::in_memory(), Arc::new(Yard { full: AtomicBool::new(true) }));
    let sagas = Sagas::on(&journal).saga::<Lift>(Arc::clone(&yard)).start().unwrap();
    let lift = sagas.start::<Lift>("1", 7).await.unwrap();
    let End::Stuck { step, .. } = lift.ended().await.unwrap() else { panic!("it is not stuck") };
    assert_eq!(step, "Parked");
    assert!(format!("{sagas:?}").contains("active: 0"), "{sagas:?}");

    yard.full.store(false, Ordering::Relaxed);
    Operator::on(&journal).retry(lift.stream(), "ada", "there is room").await.unwrap();
    let end = loop {
        match lift.ended().await.unwrap() {
            // It is said until the run goes on.
            End::Stuck { .. } => tokio::task::yield_now().await,
            end => break end,
        }
    };
    assert!(matches!(&end, End::Completed(done) if done.parked == 7));
    forget(end);
    assert!(format!("{sagas:?}").contains("active: 0"), "{sagas:?}");
}
