//~ `#[event]` has no setting `upcasts`; did you mean `upcast`?
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel")]
enum ParcelEvent {
    #[event(version = 2, upcasts(1 => same))]
    Sent(String),
}

fn main() {}
