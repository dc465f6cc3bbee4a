//~ saga `Ship` may refuse, and behind the point of no return nothing may
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};

#[saga(input = u64, refuse = String)]
pub enum PlaceOrder {
    #[pivot(charge)]
    Charged(()),
    #[then(saga = Ship, input = parcel, output = tour)]
    Shipped(u32),
}

#[saga(input = u64, refuse = String, derive(serde::Serialize, serde::Deserialize))]
pub enum Ship {
    #[step(book, undo = unbook)]
    Booked(u32),
}

async fn book(_: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
    Ok(1)
}

async fn unbook(_: &Cx, _: &u64, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Ok(())
}

async fn charge(_: &Cx, _: &u64) -> Result<(), Outcome<String>> {
    Ok(())
}

fn parcel(pieces: &u64) -> u64 {
    *pieces
}

fn tour(done: ShipDone) -> u32 {
    done.booked
}

fn main() {}
