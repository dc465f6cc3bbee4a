//~ this upcast makes `u32`, and what comes after it takes `String`
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(version = 3, upcast(1 => from_v1, 2 => from_v2))]
    Sent(String),
}

fn from_v1(old: String) -> u32 {
    old.len() as u32
}

fn from_v2(old: String) -> String {
    old
}

fn main() {}
