//~ nothing says what this saga is started with
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, Why, saga};

#[saga(input = u64, refuse = String)]
pub enum PlaceOrder {
    #[step(saga = Ship, output = tour, refused = not_shipped, undo = fetch_back)]
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

async fn fetch_back(_: &Cx, _: &u64, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Ok(())
}

fn tour(done: ShipDone) -> u32 {
    done.booked
}

fn not_shipped(_: Why<String>) -> String {
    "not shipped".into()
}

fn main() {}
