//~ two events are written as "Sent"
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    Sent(String),
    #[event(was("Sent"))]
    Returned,
}

fn main() {}
