//~ a handler gets a reference
use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};

#[saga(input = u64, refuse = String, choreographed)]
pub enum PlaceOrder {
    #[step]
    Reserved(u32),
    #[pivot]
    Charged(String),
    #[then]
    Mailed(()),
}

struct Card;

#[participant(PlaceOrder)]
impl Card {
    #[on(Reserved => Charged)]
    async fn charge(&self, _: &Cx, _: &u64, _: u32) -> Result<String, Outcome<String>> {
        Ok("paid".into())
    }
}

fn main() {}
