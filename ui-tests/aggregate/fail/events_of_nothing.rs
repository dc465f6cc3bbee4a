//~ `CounterEvent` does not say what its events make of `Counter`
use reliability::distributed::transaction::event_sourcing::{Aggregate, Events};

#[derive(Default, Aggregate)]
#[aggregate(command = u32, event = CounterEvent, refuse = (), decide = decide)]
struct Counter;

#[derive(Events)]
#[events(kind = "counter")]
enum CounterEvent {
    Added(u32),
}

fn decide(_: &Counter, by: &u32) -> Result<Vec<CounterEvent>, ()> {
    Ok(vec![CounterEvent::Added(*by)])
}

fn main() {}
