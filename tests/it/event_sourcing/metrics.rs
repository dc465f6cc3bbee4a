//! What aggregates and projections tell in numbers.

use reliability::distributed::transaction::event_sourcing::{
    Aggregate, Events, Failure, Happened, MemoryReadStore, MemoryTransaction, Projection,
    Projector, Repository,
};
use reliability::journal::{Append, Event, Journal, StreamId};
use serde::{Deserialize, Serialize};

use super::events::Hard;
use crate::metrics::{as_the_chapter_says, grows, sum, told};

#[derive(Debug, Default, Aggregate)]
#[aggregate(command = Add, event = MeterEvent, refuse = String, decide = decide)]
struct Meter {
    sum: u32,
}

#[derive(Debug, PartialEq, Events)]
#[events(kind = "metered_meter", aggregate = Meter)]
enum MeterEvent {
    #[event(apply = added)]
    Added(u32),
}

struct Add(u32);

fn decide(_: &Meter, add: &Add) -> Result<Vec<MeterEvent>, String> {
    if add.0 == 0 { Err("nothing".into()) } else { Ok(vec![MeterEvent::Added(add.0)]) }
}

fn added(meter: &mut Meter, by: &u32) {
    meter.sum += by;
}

/// It takes in no thirteen.
struct Sums;

impl Projection<MemoryTransaction<u32>> for Sums {
    type Event = MeterEvent;
    const NAME: &'static str = "metered_sums";

    async fn reset(&mut self, _: &mut MemoryTransaction<u32>) -> Result<(), Failure> {
        Ok(())
    }

    async fn apply(
        &mut self,
        _: &mut MemoryTransaction<u32>,
        happened: &Happened<MeterEvent>,
    ) -> Result<(), Failure> {
        let MeterEvent::Added(by) = happened.event;
        if by == 13 { Err("it is thirteen".into()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn commands_are_told_by_what_became_of_them_and_events_by_who_has_taken_them_in() {
    let journal = Journal::in_memory();
    let work = async {
        let meters: Repository<Meter> = Repository::on(&journal);
        for (key, by) in [("1", 1), ("1", 2), ("2", 13)] {
            meters.execute(key, &Add(by)).await.unwrap();
        }
        meters.execute("1", &Add(0)).await.unwrap_err();
        let hard = Journal::on(Hard::default());
        let late: Repository<Meter> = Repository::builder(&hard).attempts(3).build().unwrap();
        late.execute("1", &Add(1)).await.unwrap_err();
    };
    let all = [
        ("reliability.event_sourcing.loaded", None, 3.0),
        ("reliability.event_sourcing.conflicts", None, 3.0),
    ];
    grows(&all, work).await;
    for (outcome, count) in [("executed", 3.0), ("refused", 1.0), ("contended", 1.0)] {
        let having = [
            ("reliability.event_sourcing.kind", "metered_meter"),
            ("reliability.event_sourcing.outcome", outcome),
        ];
        assert_eq!(sum("reliability.event_sourcing.commands", &having), count, "{outcome}");
    }

    let mut sums = Projector::of(&journal, MemoryReadStore::new(0), Sums);
    assert_eq!(sums.catch_up().await.unwrap().parked, 1);
    let events = told("reliability.projection.events", "metered_sums");
    let expected =
        ["reliability.projection.outcome=applied 2", "reliability.projection.outcome=parked 1"];
    assert_eq!(events, expected);
    assert_eq!(told("reliability.projection.lag", "metered_sums"), ["0"], "it is caught up");
    as_the_chapter_says("event_sourcing", "reliability.projection.");
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    command = Add, event = TankEvent, refuse = String, decide = fill, snapshot(every = 2)
)]
struct Tank {
    sum: u32,
}

#[derive(Debug, PartialEq, Events)]
#[events(kind = "metered_tank", aggregate = Tank)]
enum TankEvent {
    #[event(apply = filled)]
    Filled(u32),
}

fn fill(_: &Tank, add: &Add) -> Result<Vec<TankEvent>, String> {
    Ok(vec![TankEvent::Filled(add.0)])
}

fn filled(tank: &mut Tank, by: &u32) {
    tank.sum += by;
}

async fn fill_a_tank_and_spoil_its_snapshot() {
    let journal = Journal::in_memory();
    let tanks: Repository<Tank> = Repository::on(&journal);
    for _ in 0..3 {
        tanks.execute("1", &Add(1)).await.unwrap();
    }
    let beside = StreamId::new("metered_tank.snapshot", "1").unwrap();
    let nonsense = Append::to(&beside).event(Event::json("Snapshot", 1, "what is this").unwrap());
    journal.append(nonsense).await.unwrap();
    assert_eq!(tanks.load("1").await.unwrap().state, Tank { sum: 3 });
}

#[tokio::test]
async fn snapshots_are_told_by_what_became_of_them() {
    let snapshots = |what, count| {
        (
            "reliability.event_sourcing.snapshots",
            Some(("reliability.event_sourcing.snapshot", what)),
            count,
        )
    };
    let all = [
        snapshots("none", 2.0),
        snapshots("written", 1.0),
        snapshots("used", 1.0),
        snapshots("ignored", 1.0),
    ];
    grows(&all, fill_a_tank_and_spoil_its_snapshot()).await;
    as_the_chapter_says("event_sourcing", "reliability.event_sourcing.");
}
