//~ what is heard and what is made is written down, so it borrows nothing
use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};

#[saga(input = u64, refuse = String, choreographed)]
pub enum PlaceOrder {
    #[pivot]
    Charged(String),
}

struct Card;

#[participant(PlaceOrder)]
impl Card {
    #[on(start => Charged)]
    async fn charge<'a>(&self, _: &Cx, _: &'a u64) -> Result<&'a str, Outcome<String>> {
        Ok("paid")
    }
}

fn main() {}
