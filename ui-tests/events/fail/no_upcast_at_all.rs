//~ nothing reads versions `1` and `2` of `Sent`
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(version = 3)]
    Sent(String),
}

fn main() {}
