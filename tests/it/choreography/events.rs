//! What choreographies tell: that the bus does not take an event, that a handler is parked, and that a
//! transaction cannot be carried on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use reliability::distributed::transaction::choreography::bus::{
    Answer, Bus, BusError, Envelope, Group, JournalBus, Subscription,
};
use reliability::distributed::transaction::choreography::{Operator, choreography, participant};
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};
use reliability::journal::{Append, Due, Event, Heads, Journal, MemoryStore, Sequence, StreamId};
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

/// Until the host has given up for so many times.
async fn until_parked(journal: &Journal, clock: &WallClock, times: usize) {
    for _ in 0..10_000 {
        let heads = journal.heads(Heads::of("greet.host").with_status("parked")).await.unwrap();
        if let Some(head) = heads.first() {
            let records = journal.read_to_end(&head.stream, Sequence::START).await.unwrap();
            if records.iter().filter(|it| it.event.name() == "parked").count() == times {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        clock.advance(Duration::from_millis(10));
    }
    panic!("it was never parked for the {times}. time");
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
    until_parked(&journal, &clock, 1).await;
    let parked = greeting.parked().await.unwrap();
    greeting.retry(&parked[0], "ada", "somebody is at home").await.unwrap();
    until_parked(&journal, &clock, 2).await;
    let operator = Operator::on(&journal);
    operator.retry("greet", "ada", "bob", "once more").await.unwrap();
    until_parked(&journal, &clock, 3).await;
    operator.abandon("greet", "ada", "bob", "greeted by hand").await.unwrap();
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
    let (mended, told): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|(event, _)| event.ends_with(".mended"));
    let [(untold, of_untold), (parked, of_parked), .., (broken, of_broken)] = told.as_slice()
    else {
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

    // By the handle, and twice by an operator.
    let field = |of: &BTreeMap<&'static str, String>, name: &str| {
        let name = format!("reliability.choreography.{name}");
        of.get(name.as_str()).cloned().unwrap_or_default()
    };
    let said: Vec<_> = mended
        .iter()
        .map(|(_, of)| (field(of, "name"), field(of, "verb"), field(of, "by")))
        .collect();
    let of = |verb: &str, by: &str| ("greet".to_owned(), verb.to_owned(), by.to_owned());
    assert_eq!(said, [of("retry", "ada"), of("retry", "bob"), of("abandon", "bob")]);
    let numbers: BTreeSet<_> = mended.iter().map(|(_, it)| field(it, "transaction")).collect();
    assert_eq!(numbers.len(), 1, "all of one transaction: {mended:?}");
}
