//~ applied to what? Write `#[events(aggregate = ..)]` on the enum
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(apply = sent)]
    Sent(String),
}

fn main() {}
