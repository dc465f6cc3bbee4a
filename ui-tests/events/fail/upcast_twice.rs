//~ version 1 is upcast twice; keep one of the two
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(version = 2, upcast(1 => same, 1 => same))]
    Sent(String),
}

fn same(old: String) -> String {
    old
}

fn main() {}
