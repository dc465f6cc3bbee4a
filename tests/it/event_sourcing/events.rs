//! What aggregates and projections tell: that others are quicker, that an event cannot be taken in,
//! and that the journal is away.

use std::time::Duration;

use reliability::distributed::transaction::event_sourcing::{
    Aggregate, CommandError, Events, Failure, Happened, MemoryReadStore, MemoryTransaction,
    Projection, Projector, Repository,
};
use reliability::journal::{
    Answer, Append, Appended, Changes, Claim, Head, Heads, Journal, JournalError, Lease,
    MemoryStore, Position, Record, Sequence, Store, StreamId,
};

use crate::policy::events::{assert_as_documented, heard_of};

#[derive(Debug, Default, Aggregate)]
#[aggregate(command = Add, event = CounterEvent, refuse = String, decide = decide)]
pub(super) struct Counter {
    sum: u32,
}

#[derive(Debug, PartialEq, Events)]
#[events(kind = "counter", aggregate = Counter)]
pub(super) enum CounterEvent {
    #[event(apply = added)]
    Added(u32),
}

pub(super) struct Add(pub(super) u32);

fn decide(_: &Counter, add: &Add) -> Result<Vec<CounterEvent>, String> {
    if add.0 == 0 { Err("nothing".into()) } else { Ok(vec![CounterEvent::Added(add.0)]) }
}

fn added(counter: &mut Counter, by: &u32) {
    counter.sum += by;
}

/// A store on which somebody else is always quicker, and which can no longer be read as a whole.
#[derive(Debug, Default)]
pub(super) struct Hard(MemoryStore);

impl Store for Hard {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        let (stream, expected) = (batch[0].stream().clone(), Sequence::START);
        let found = Sequence::new(1);
        Box::pin(async move { Err(JournalError::Conflict { stream, expected, found }) })
    }

    fn read_all(&self, _: Position, _: usize) -> Answer<'_, Vec<Record>> {
        let source = "no such disk".into();
        Box::pin(async { Err(JournalError::Unavailable { what: "asking the disk", source }) })
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.read(stream, after, most)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.0.head(stream)
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.0.heads(heads)
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.0.claim(claim)
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.0.renew(leases, length)
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.0.remove(stream, last)
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.0.remove_held(lease)
    }

    fn changes(&self) -> Changes {
        self.0.changes()
    }
}

/// It takes in nothing.
struct Refusing;

impl Projection<MemoryTransaction<()>> for Refusing {
    type Event = CounterEvent;
    const NAME: &'static str = "sums";

    async fn reset(&mut self, _: &mut MemoryTransaction<()>) -> Result<(), Failure> {
        Ok(())
    }

    async fn apply(
        &mut self,
        _: &mut MemoryTransaction<()>,
        happened: &Happened<CounterEvent>,
    ) -> Result<(), Failure> {
        let CounterEvent::Added(by) = happened.event;
        Err(format!("{by} is too much").into())
    }
}

async fn be_late() {
    let counters: Repository<Counter> =
        Repository::builder(&Journal::on(Hard::default())).attempts(3).build().unwrap();
    let late = counters.execute("1", &Add(1)).await.map(|executed| executed.sequence);
    assert!(matches!(late, Err(CommandError::Contended { attempts: 3 })), "{late:?}");
}

#[tokio::test]
async fn that_others_are_quicker_again_and_again_is_told() {
    let heard = heard_of(be_late).await;
    assert_as_documented(&heard, |event| event.starts_with("reliability.event_sourcing."));
    let contended = &heard[0].1;
    assert_eq!(contended["reliability.event_sourcing.kind"], "counter");
    assert_eq!(contended["reliability.event_sourcing.attempts"], "3");
}

async fn refuse_an_event_and_lose_the_journal() {
    let journal = Journal::in_memory();
    let counters: Repository<Counter> = Repository::on(&journal);
    counters.execute("1", &Add(7)).await.unwrap();
    let mut sums = Projector::of(&journal, MemoryReadStore::new(()), Refusing);
    assert_eq!(sums.catch_up().await.unwrap().parked, 1);
    let lost = Journal::on(Hard::default());
    let mut sums = Projector::of(&lost, MemoryReadStore::new(()), Refusing);
    // It would wait for ever.
    let following = tokio::time::timeout(Duration::from_millis(500), sums.follow()).await;
    assert!(following.is_err(), "{following:?}");
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_read_model_from_its_events_is_told() {
    let heard = heard_of(refuse_an_event_and_lose_the_journal).await;
    assert_as_documented(&heard, |event| event.starts_with("reliability.projection."));
    let told: Vec<_> = heard.iter().map(|(event, fields)| (event.name(), fields)).collect();
    let [(parked, of_parked), (failed, of_failed)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(*parked, "reliability.projection.parked");
    assert_eq!(of_parked["reliability.projection.name"], "sums");
    assert_eq!(of_parked["reliability.journal.stream"], "counter/1");
    assert_eq!(of_parked["reliability.journal.sequence"], "1");
    assert_eq!(of_parked["reliability.error"], "7 is too much");
    assert_eq!(*failed, "reliability.projection.failed");
    assert_eq!(of_failed["reliability.projection.name"], "sums");
    assert!(of_failed["reliability.error"].contains("no such disk"), "{of_failed:?}");
}
