//! What sagas tell in numbers.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reliability::distributed::transaction::saga::{
    Attempt, Cx, End, Outcome, Sagas, Transient, saga,
};
use reliability::journal::{Claim, Journal, MemoryStore};
use reliability::time::WallClock;
use tokio::sync::Semaphore;

use crate::metrics::{as_the_chapter_says, grows, sum};

#[saga(name = "metered", input = u32, refuse = String)]
#[derive(Debug)]
enum Metered {
    #[step(take, undo = give_back)]
    Taken(u32),
    #[pivot(pay)]
    Paid(()),
}

async fn take(_: &Cx, seats: &u32) -> Result<u32, Outcome<String>> {
    Ok(*seats)
}

async fn give_back(_: &Cx, _: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Ok(())
}

/// There are none for nothing, and one alone is sold at the second attempt.
async fn pay(cx: &Cx, seats: &u32) -> Result<(), Outcome<String>> {
    match (seats, cx.attempt()) {
        (0, _) => Err(Outcome::Rejected("nothing".into())),
        (1, 1) => Err(Outcome::transient("busy")),
        _ => Ok(()),
    }
}

/// Whoever works at it is held up.
#[saga(name = "metered_long", input = u32, refuse = String, shared = Semaphore)]
#[derive(Debug)]
enum Long {
    #[pivot(wait)]
    Waited(()),
}

async fn wait(cx: &Cx<Semaphore>, _: &u32) -> Result<(), Outcome<String>> {
    cx.shared().acquire().await.unwrap().forget();
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn sagas_are_told_by_how_they_and_their_steps_have_ended() {
    let sagas = Sagas::on(&Journal::in_memory()).saga::<Metered>(()).start().unwrap();
    for seats in [2, 1, 0] {
        let run = sagas.start::<Metered>(&seats.to_string(), seats).await.unwrap();
        let end = run.ended().await.unwrap();
        assert_eq!(matches!(end, End::Completed(_)), seats > 0, "{end:?}");
    }
    let of = |metric: &str, having: &[(&str, &str)]| {
        sum(metric, &[&[("reliability.saga.name", "metered")], having].concat())
    };
    assert_eq!(of("reliability.saga.started", &[]), 3.0);
    let ended = |how| of("reliability.saga.ended", &[("reliability.saga.outcome", how)]);
    assert_eq!([ended("completed"), ended("rolled_back")], [2.0, 1.0]);
    for (step, action, outcome, count) in [
        ("Taken", "do", "done", 3.0),
        ("Paid", "do", "done", 2.0),
        ("Paid", "do", "transient", 1.0),
        ("Paid", "do", "rejected", 1.0),
        ("Taken", "undo", "done", 1.0),
    ] {
        let having = [
            ("reliability.saga.step", step),
            ("reliability.saga.action", action),
            ("reliability.saga.outcome", outcome),
        ];
        assert_eq!(of("reliability.saga.step.duration", &having), count, "{having:?}");
    }
    assert_eq!(of("reliability.saga.step.duration", &[]), 8.0);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_worked_at_is_told_and_that_a_worker_has_lost_it() {
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    let gate = Arc::new(Semaphore::new(0));
    let sagas = Sagas::on(&journal).saga::<Long>(Arc::clone(&gate)).clock(&clock).start().unwrap();
    let lost = async {
        sagas.start::<Long>("1", 1).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(sum("reliability.saga.active", &[]) >= 1.0);
        // Its lease is over, and somebody else has it.
        clock.advance(Duration::from_secs(3600));
        let claim = Claim::of(["metered_long"]).lease(Duration::from_secs(3600));
        assert_eq!(journal.claim(claim).await.unwrap().len(), 1);
        gate.add_permits(1);
        tokio::time::sleep(Duration::from_secs(60)).await;
    };
    grows(&[("reliability.saga.lost", None, 1.0)], lost).await;
    as_the_chapter_says("saga", "reliability.saga.");
}
