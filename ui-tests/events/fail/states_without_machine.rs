//~ states are those of a machine
use reliability::distributed::transaction::event_sourcing::Events;
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "parcel")]
enum Parcel {
    #[state(initial, to(OnTheWay))]
    Here,
    #[state(to(There))]
    OnTheWay { city: String },
    #[state(final)]
    There,
}

#[derive(Events)]
#[events(kind = "parcel", aggregate = Parcel)]
enum ParcelEvent {
    #[event(apply(Here => sent))]
    Sent(String),
}

fn sent(_: parcel::Here, city: &String) -> parcel::OnTheWay {
    parcel::OnTheWay { city: city.clone() }
}

fn main() {}
