//~ the name of an event has at most 120 bytes in a choreography
use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};

#[saga(input = u64, refuse = String, choreographed)]
pub enum PlaceOrder {
    #[step]
    ReservedAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgain(u32),
}

struct Warehouse;

#[participant(PlaceOrder)]
impl Warehouse {
    #[on(start => ReservedAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgainAndAgain, undo = none("read only"))]
    async fn reserve(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
        Ok(1)
    }
}

fn main() {}
