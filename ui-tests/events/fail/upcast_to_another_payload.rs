//~ this upcast makes `u32`, and what comes after it takes `String`
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(version = 2, upcast(1 => from_v1))]
    Sent(String),
}

fn from_v1(old: String) -> u32 {
    old.len() as u32
}

fn main() {}
