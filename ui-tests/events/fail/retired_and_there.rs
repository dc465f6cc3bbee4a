//~ "Sent" is read as an event, so it is not retired
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel", retired("Sent"))]
enum ParcelEvent {
    Sent(String),
}

fn main() {}
