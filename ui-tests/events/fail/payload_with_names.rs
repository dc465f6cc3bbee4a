//~ an event has one payload, which is a type of its own
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    Sent { city: String },
}

fn main() {}
