//! What choreographies tell: that the bus does not take an event, that a handler is parked, and that a
//! transaction cannot be carried on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use reliability::distributed::transaction::choreography::bus::{
    Answer, Bus, BusError, Envelope, Group, JournalBus, Subscription,
};
use reliability::distributed::transaction::choreography::{choreography, participant};
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};
use reliability::journal::{Append, Due, Event, Heads, Journal, MemoryStore, StreamId};
use reliability::time::WallClock;

use crate::policy::events::{assert_as_documented, heard_of};

#[saga(input = u32, refuse = String, choreographed)]
enum Greet {
    #[step]
    Greeted(u32),
}

struct Host;

#[participant(Greet)]
impl Host {
    #[on(start => Greeted, undo = none("it was only said"), retry = 1)]
    async fn greet(&self, _: &Cx, _: &u32) -> Result<u32, Outcome<String>> {
        Err(Outcome::transient("nobody is at home"))
    }
}

choreography!(Greeting: Greet { Host, terminal Greeted });

/// Takes nothing while it is away.
#[derive(Debug, Clone)]
struct Away(JournalBus, Arc<AtomicBool>);

impl Bus for Away {
    fn publish(&self, envelope: Envelope) -> Answer<'_, ()> {
        match self.1.load(Ordering::Relaxed) {
            true => {
                let (what, source) = ("it", "it is away".into());
                Box::pin(async { Err(BusError::Unavailable { what, source }) })
            }
            false => self.0.publish(envelope),
        }
    }
    fn declare(&self, group: Group) -> Answer<'_, ()> {
        self.0.declare(group)
    }
    fn subscribe(&self, group: Group) -> Answer<'_, Box<dyn Subscription>> {
        self.0.subscribe(group)
    }
    fn remove(&self, group: Group) -> Answer<'_, ()> {
        self.0.remove(group)
    }
}

/// Until a stream of that kind is as it should be.
async fn until((journal, clock): (&Journal, &WallClock), kind: &str, status: &str) {
    for _ in 0..10_000 {
        let there = journal.heads(Heads::of(kind).with_status(status)).await.unwrap();
        if !there.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        clock.advance(Duration::from_millis(10));
    }
    panic!("no `{kind}` was ever {status:?}");
}

async fn be_untold_and_parked_and_broken() {
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    let away = Arc::new(AtomicBool::new(true));
    let bus = Away(JournalBus::in_memory(), Arc::clone(&away));
    let greeting = Greeting::on(&journal, bus, (Host,)).clock(&clock).start().await.unwrap();
    greeting.start("ada", 1).await.unwrap();
    until((&journal, &clock), "greet.start", "untold").await;
    away.store(false, Ordering::Relaxed);
    until((&journal, &clock), "greet.host", "parked").await;
    let nonsense = Append::to(&StreamId::new("greet.host", "nonsense").unwrap()).due(Due::Now);
    journal.append(nonsense.event(Event::bytes("Nonsense", 1, []))).await.unwrap();
    until((&journal, &clock), "greet.host", "broken").await;
    greeting.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_choreography_that_needs_somebody_is_told() {
    let heard = heard_of(be_untold_and_parked_and_broken).await;
    // That of other versions is heard where they are.
    assert_as_documented(&heard, |event| {
        event.starts_with("reliability.choreography.") && !event.ends_with(".elsewhere")
    });
    let told: Vec<_> = heard.iter().map(|(event, fields)| (event.name(), fields)).collect();
    let [(untold, of_untold), (parked, of_parked), (broken, of_broken)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(*untold, "reliability.choreography.untold");
    assert_eq!(of_untold["reliability.choreography.participant"], "start");
    assert_eq!(of_untold["reliability.choreography.event"], "choreography.started");
    assert!(of_untold["reliability.error"].contains("it is away"), "{of_untold:?}");
    assert_eq!(*parked, "reliability.choreography.parked");
    assert_eq!(of_parked["reliability.choreography.handler"], "Greeted");
    assert_eq!(of_parked["reliability.choreography.undo"], "false");
    assert_eq!(of_parked["reliability.error"], "nobody is at home");
    assert_eq!(*broken, "reliability.choreography.broken");
    assert_eq!(of_broken["reliability.choreography.stream"], "greet.host/nonsense");
    assert!(of_broken["reliability.error"].contains("Nonsense"), "{of_broken:?}");
}
