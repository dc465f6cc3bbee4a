//~ it stands behind the point of no return, where nothing is refused
use reliability::distributed::transaction::saga::{Cx, Outcome, Transient, Why, saga};

#[saga(input = u64, refuse = String)]
pub enum PlaceOrder {
    #[pivot(charge)]
    Charged(()),
    #[then(saga = Tell, input = parcel, output = told, refused = not_told)]
    Shipped(u32),
}

async fn charge(_: &Cx, _: &u64) -> Result<(), Outcome<String>> {
    Ok(())
}

#[saga(input = u64, refuse = ())]
pub enum Tell {
    #[then(mail)]
    Mailed(()),
}

async fn mail(_: &Cx, _: &u64) -> Result<(), Transient> {
    Ok(())
}

fn parcel(pieces: &u64) -> u64 {
    *pieces
}

fn told(_: TellDone) -> u32 {
    1
}

fn not_told(_: Why<()>) -> String {
    "not told".into()
}

fn main() {}
