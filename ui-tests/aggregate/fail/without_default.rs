//~ nobody says what a `Counter` is to which nothing has happened
use reliability::distributed::transaction::event_sourcing::{Aggregate, Events};

#[derive(Aggregate)]
#[aggregate(command = u32, event = CounterEvent, refuse = (), decide = decide)]
struct Counter {
    sum: u32,
}

#[derive(Events)]
#[events(kind = "counter", aggregate = Counter)]
enum CounterEvent {
    #[event(apply = added)]
    Added(u32),
}

fn added(counter: &mut Counter, by: &u32) {
    counter.sum += by;
}

fn decide(_: &Counter, by: &u32) -> Result<Vec<CounterEvent>, ()> {
    Ok(vec![CounterEvent::Added(*by)])
}

fn main() {}
