//~ nothing reads version `2` of `Sent`
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(version = 4, upcast(1 => from_v1, 3 => from_v3))]
    Sent(String),
}

fn from_v1(old: String) -> String {
    old
}

fn from_v3(old: String) -> String {
    old
}

fn main() {}
