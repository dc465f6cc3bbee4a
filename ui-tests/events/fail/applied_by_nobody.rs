//~ what does `Returned` make of the aggregate?
use reliability::distributed::transaction::event_sourcing::Events;

#[derive(Events)]
#[events(kind = "parcel", aggregate = Parcel)]
enum ParcelEvent {
    #[event(apply = sent)]
    Sent(String),
    Returned,
}

struct Parcel {
    city: String,
}

fn sent(parcel: &mut Parcel, city: &String) {
    parcel.city.clone_from(city);
}

fn main() {}
