//~ `Sent` cannot be written and read again, so no event can carry it
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    Sent(Sent),
}

struct Sent;

fn main() {}
