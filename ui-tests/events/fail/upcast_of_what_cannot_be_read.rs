//~ `Old` cannot be read, so nothing can be upcast from it
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(version = 2, upcast(1 => from_v1))]
    Sent(String),
}

struct Old(String);

fn from_v1(old: Old) -> String {
    old.0
}

fn main() {}
