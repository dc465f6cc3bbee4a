//~ what does a `Parcel` to which nothing has happened hold?
use reliability::distributed::transaction::event_sourcing::{Aggregate, Events};
use reliability::state::StateMachine;

#[derive(StateMachine, Aggregate)]
#[machine(name = "parcel")]
#[aggregate(command = (), event = ParcelEvent, refuse = (), decide = decide)]
enum Parcel {
    #[state(initial, to(Sent))]
    Here { weight: u32 },
    #[state(final)]
    Sent,
}

#[derive(Events)]
#[events(kind = "parcel", aggregate = Parcel, states = parcel)]
enum ParcelEvent {
    #[event(apply(Here => sent))]
    Sent,
}

fn sent(_: parcel::Here) -> parcel::Sent {
    parcel::Sent
}

fn decide(_: &Parcel, _: &()) -> Result<Vec<ParcelEvent>, ()> {
    Ok(vec![ParcelEvent::Sent])
}

fn main() {}
