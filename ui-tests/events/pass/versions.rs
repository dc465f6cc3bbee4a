//! Old versions and old names are read as what is written today.
#![deny(warnings)]

use std::time::SystemTime;

use reliability::distributed::transaction::event_sourcing::{EventError, Events};
use reliability::journal::{Epoch, Event, Position, Record, Sequence, StreamId};

mod old {
    pub fn from_v1(grams: u32) -> String {
        format!("{grams} g")
    }

    pub fn nothing(_: u8) {}
}

#[derive(Debug, PartialEq, Events)]
#[events(kind = "parcel", retired("Seen", "Heard"))]
enum ParcelEvent {
    #[event(name = "Weight", was("Weighed"), version = 3, upcast(2 => String::into_bytes, 1 => old::from_v1))]
    HasWeight(Vec<u8>),
    #[event(version = 2, upcast(1 => old::nothing))]
    Sent,
}

fn read(event: Event) -> Result<Option<ParcelEvent>, EventError> {
    let stream = StreamId::new("parcel", "1").unwrap();
    let (first, at) = (Position::from_parts(0, 1), SystemTime::now());
    ParcelEvent::read(&Record::new(stream, Sequence::new(1), first, Epoch::NEVER, at, event))
}

fn main() {
    let weight = || Some(ParcelEvent::HasWeight(b"5 g".to_vec()));
    for name in ["Weight", "Weighed"] {
        assert_eq!(read(Event::json(name, 1, &5).unwrap()).unwrap(), weight());
        assert_eq!(read(Event::json(name, 2, "5 g").unwrap()).unwrap(), weight());
        assert_eq!(read(Event::json(name, 3, b"5 g").unwrap()).unwrap(), weight());
    }
    assert_eq!(read(Event::json("Sent", 1, &5).unwrap()).unwrap(), Some(ParcelEvent::Sent));
    assert_eq!(read(Event::json("Sent", 2, &()).unwrap()).unwrap(), Some(ParcelEvent::Sent));
    assert_eq!(read(Event::bytes("Heard", 9, [])).unwrap(), None);
    for (name, version) in [("Weight", 4), ("HasWeight", 1), ("Sent", 0)] {
        assert!(read(Event::json(name, version, &()).unwrap()).is_err());
    }
}
