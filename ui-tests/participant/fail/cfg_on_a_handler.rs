//~ who does what is one and the same in every build
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
    #[cfg(unix)]
    async fn charge(&self, _: &Cx, _: &u64) -> Result<String, Outcome<String>> {
        Ok("paid".into())
    }
}

fn main() {}
