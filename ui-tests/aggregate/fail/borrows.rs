//~ an aggregate is made of what the journal holds, so it borrows nothing
use reliability::distributed::transaction::event_sourcing::{Aggregate, Events};

#[derive(Default, Aggregate)]
#[aggregate(command = u32, event = CounterEvent, refuse = (), decide = decide)]
struct Counter<'a> {
    name: &'a str,
}

#[derive(Events)]
#[events(kind = "counter", aggregate = Counter<'static>)]
enum CounterEvent {
    #[event(apply = added)]
    Added(u32),
}

fn added(counter: &mut Counter<'static>, _: &u32) {
    counter.name = "counter";
}

fn decide(_: &Counter<'_>, by: &u32) -> Result<Vec<CounterEvent>, ()> {
    Ok(vec![CounterEvent::Added(*by)])
}

fn main() {}
