//~ `parcel::Here` cannot go to `parcel::There`
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
#[events(kind = "parcel", aggregate = Parcel, states = parcel)]
enum ParcelEvent {
    #[event(apply(Here => handed))]
    Handed,
}

fn handed(_: parcel::Here) -> parcel::There {
    parcel::There
}

fn main() {}
