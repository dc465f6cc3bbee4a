//! What sagas tell: that one is stuck, that one cannot be read, that somebody has mended one, and that
//! they were changed in silence.

use std::collections::BTreeMap;
use std::time::Duration;

use reliability::distributed::transaction::saga::{
    Attempt, Cx, End, Operator, Outcome, Sagas, Transient, saga,
};
use reliability::journal::{Append, Due, Event, Journal, StreamId};

use crate::policy::events::{assert_as_documented, heard_of};

async fn take(_: &Cx, seats: &u32) -> Result<u32, Outcome<String>> {
    Ok(*seats)
}

async fn never(_: &Cx, _: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Err(Transient::new("the door is locked"))
}

async fn refuse(_: &Cx, _: &u32) -> Result<(), Outcome<String>> {
    Err(Outcome::Rejected("no money".into()))
}

/// It turns back, and cannot.
#[saga(input = u32, refuse = String)]
#[derive(Debug)]
enum Trip {
    #[step(take, undo = never, undo_retry = 2)]
    Taken(u32),
    #[step(refuse, undo = none("it has never happened"))]
    Paid(()),
}

/// It is stuck where there is no way back, unless something else is carried.
#[saga(input = u32, refuse = String)]
#[derive(Debug)]
enum Carry {
    #[pivot(carry, retry = 1)]
    Carried(u32),
}

const TOO_HEAVY: u32 = 0;

async fn carry(_: &Cx, weight: &u32) -> Result<u32, Outcome<String>> {
    match *weight {
        TOO_HEAVY => Err(Outcome::transient("it is too heavy")),
        weight => Ok(weight),
    }
}

/// Other steps under the same name and version.
mod changed {
    use super::*;

    #[saga(input = u32, refuse = String)]
    #[derive(Debug)]
    pub(super) enum Trip {
        #[step(take, undo = never)]
        Taken(u32),
    }
}

/// Until that stream is as it should be.
async fn until(journal: &Journal, (kind, key): (&str, &str), status: &str, records: u64) {
    let stream = StreamId::new(kind, key).unwrap();
    for _ in 0..1_000 {
        let head = journal.head(&stream).await.unwrap();
        if head.is_some_and(|it| it.status == status && it.sequence.get() == records) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{stream} was never {status:?} with {records} records");
}

async fn get_stuck_be_illegible_and_change() {
    let journal = Journal::in_memory();
    let sagas = Sagas::on(&journal).saga::<Trip>(()).saga::<Carry>(()).start().unwrap();
    let end = sagas.start::<Trip>("1", 2).await.unwrap().ended().await.unwrap();
    assert!(matches!(end, End::Stuck { undoing: true, .. }), "{end:?}");
    let nonsense = Append::to(&StreamId::new("trip", "2").unwrap()).due(Due::Now);
    journal.append(nonsense.event(Event::bytes("Nonsense", 1, []))).await.unwrap();
    until(&journal, ("trip", "2"), "broken", 1).await;
    let operator = Operator::on(&journal);
    operator.skip(&StreamId::new("trip", "1").unwrap(), "ada", "by hand").await.unwrap();
    for verb in ["retry", "finish", "edit", "abandon", "cancel"] {
        let carried = sagas.start::<Carry>(verb, TOO_HEAVY).await.unwrap();
        assert!(matches!(carried.ended().await.unwrap(), End::Stuck { .. }));
        let saga = carried.stream();
        match verb {
            "retry" => operator.retry(saga, "ada", "with two").await,
            "finish" => operator.finish(saga, &7.into(), "ada", "by cart").await,
            "edit" => operator.edit(saga, &7.into(), "ada", "half of it").await,
            "abandon" => operator.abandon(saga, "ada", "it stays here").await,
            _ => operator.cancel(saga, "ada", "nobody wants it").await,
        }
        .unwrap();
    }
    drop(sagas);
    until(&journal, ("saga.definition", "trip@1"), "", 1).await;
    let _changed = Sagas::on(&journal).saga::<changed::Trip>(()).start().unwrap();
    until(&journal, ("saga.definition", "trip@1"), "", 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_needs_somebody_is_told() {
    let heard = heard_of(get_stuck_be_illegible_and_change).await;
    assert_as_documented(&heard, |event| event.starts_with("reliability.saga."));
    let told = heard.iter().map(|(event, fields)| (event.name(), fields));
    let (mended, told): (Vec<_>, Vec<_>) = told.partition(|(event, _)| event.ends_with(".mended"));
    let done: Vec<_> = mended
        .iter()
        .map(|(_, of)| (&*of["reliability.saga.key"], &*of["reliability.saga.verb"]))
        .collect();
    let each = ["retry", "finish", "edit", "abandon", "cancel"].map(|verb| (verb, verb));
    assert_eq!(done, [&[("1", "skip")], &each[..]].concat());
    assert!(mended.iter().all(|(_, of)| of["reliability.saga.by"] == "ada"), "{mended:?}");
    let of_trips = |of: &BTreeMap<&str, String>| of["reliability.saga.name"] == "trip";
    let told: Vec<_> = told.into_iter().filter(|(_, of)| of_trips(of)).collect();
    let [(stuck, of_stuck), (broken, of_broken), (changed, of_changed)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(*stuck, "reliability.saga.stuck");
    assert_eq!(of_stuck["reliability.saga.name"], "trip");
    assert_eq!(of_stuck["reliability.saga.key"], "1");
    assert_eq!(*broken, "reliability.saga.broken");
    assert_eq!(of_broken["reliability.saga.key"], "2");
    assert!(of_broken["reliability.error"].contains("Nonsense"), "{of_broken:?}");
    assert_eq!(*changed, "reliability.saga.changed");
    assert_eq!(of_changed["reliability.saga.name"], "trip");
    assert_eq!(of_changed["reliability.saga.version"], "1");
}
