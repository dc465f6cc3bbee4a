//~ events are an enum with a variant for each
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
struct ParcelEvent {
    city: String,
}

fn main() {}
