//~ a kind is 1 to 55 of `a-z`
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "Parcel")]
enum ParcelEvent {
    Sent(String),
}

fn main() {}
