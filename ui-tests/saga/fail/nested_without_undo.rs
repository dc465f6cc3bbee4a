//~ `Shipped` runs before the point of no return, so it must be undoable
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, Why, saga};

#[saga(input = u64, refuse = String)]
pub enum PlaceOrder {
    #[step(saga = Ship, input = parcel, output = tour, refused = not_shipped)]
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

fn parcel(pieces: &u64) -> u64 {
    *pieces
}

fn tour(done: ShipDone) -> u32 {
    done.booked
}

fn not_shipped(_: Why<String>) -> String {
    "not shipped".into()
}

fn main() {}
