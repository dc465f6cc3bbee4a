//~ so nothing leads from version 2 to a newer one
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(version = 2, upcast(1 => same, 2 => same))]
    Sent(String),
}

fn same(old: String) -> String {
    old
}

fn main() {}
