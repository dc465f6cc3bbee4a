//~ in which streams is `ParcelEvent` kept?
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
enum ParcelEvent {
    Sent(String),
}

fn main() {}
