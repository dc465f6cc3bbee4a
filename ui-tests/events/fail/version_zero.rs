//~ a version is a number from 1 on; write `version = 2`
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(version = 0)]
    Sent(String),
}

fn main() {}
