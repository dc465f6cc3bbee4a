//~ `Mailed` is behind the point of no return, where nothing may refuse
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
    #[on(Charged => Mailed)]
    async fn mail(&self, _: &Cx, _: &u64, _: &String) -> Result<(), Outcome<String>> {
        Ok(())
    }
}

fn main() {}
