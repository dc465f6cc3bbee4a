//! A machine that begins with data, with snapshots, and a runtime crate under another path.
#![deny(warnings)]

pub mod vendored {
    pub use ::reliability as runtime;
}

use serde::{Deserialize, Serialize};
use vendored::runtime::distributed::transaction::event_sourcing::{Aggregate, Events, Repository};
use vendored::runtime::journal::Journal;
use vendored::runtime::state::StateMachine;

// So that the default path would not be found.
mod reliability {}

#[derive(Debug, PartialEq, Serialize, Deserialize, StateMachine, Aggregate)]
#[machine(name = "parcel", derive(Debug), crate = crate::vendored::runtime)]
#[aggregate(
    command = Command,
    event = ParcelEvent,
    refuse = &'static str,
    decide = decide,
    initial = new,
    snapshot(every = 1, version = 3),
    crate = crate::vendored::runtime
)]
pub enum Parcel {
    #[state(initial, to(Sent))]
    Here { weight: u32 },
    #[state(final)]
    Sent,
}

#[derive(Debug, PartialEq, Events)]
#[events(kind = "parcel", aggregate = Parcel, states = parcel, crate = crate::vendored::runtime)]
pub enum ParcelEvent {
    #[event(apply(Here => sent), version = 2, upcast(1 => Box::new))]
    Sent(Box<u32>),
}

pub enum Command {
    Send,
}

fn new() -> Parcel {
    Parcel::Here { weight: 3 }
}

fn sent(here: parcel::Here, weight: &u32) -> parcel::Sent {
    assert_eq!(here.weight, *weight);
    parcel::Sent
}

fn decide(parcel: &Parcel, Command::Send: &Command) -> Result<Vec<ParcelEvent>, &'static str> {
    match parcel {
        Parcel::Here { weight } => Ok(vec![ParcelEvent::Sent(Box::new(*weight))]),
        Parcel::Sent => Err("it is gone"),
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let parcels: Repository<Parcel> = Repository::on(&Journal::in_memory());
        assert_eq!(parcels.execute("1", &Command::Send).await.unwrap().state, Parcel::Sent);
        let refused = parcels.execute("1", &Command::Send).await.unwrap_err();
        assert_eq!(refused.refused(), Some(&"it is gone"));
    });
}
