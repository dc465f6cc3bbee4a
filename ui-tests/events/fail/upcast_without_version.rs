//~ write `version = 2` beside `upcast`
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(upcast(1 => same))]
    Sent(String),
}

fn same(old: String) -> String {
    old
}

fn main() {}
