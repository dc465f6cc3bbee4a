//! Events with and without a payload, and payloads of every shape.
#![deny(warnings)]

use reliability::distributed::transaction::event_sourcing::Events;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Events)]
#[events(kind = "parcel.v2")]
pub enum ParcelEvent<T: Serialize + for<'a> Deserialize<'a> + Send + Sync + 'static> {
    Handed,
    Weighed(u32),
    Sent(Box<Sent>),
    Noted((String, Vec<Option<u8>>)),
    Marked(T),
    r#Box([u8; 2]),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    city: String,
}

fn main() {
    let written = ParcelEvent::Marked(7_u64).write().unwrap();
    assert_eq!((written.name(), written.version(), written.payload()), ("Marked", 1, &b"7"[..]));
    let sent = ParcelEvent::<u8>::Sent(Box::new(Sent { city: "Oslo".into() }));
    assert_eq!(sent.write().unwrap().payload(), br#"{"city":"Oslo"}"#);
    assert_eq!(ParcelEvent::<u8>::Box([1, 2]).name(), "Box");
    assert_eq!(ParcelEvent::<u8>::KINDS, ["parcel.v2"]);
}
