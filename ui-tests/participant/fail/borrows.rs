//~ a participant is there for as long as the choreography, so it borrows nothing
use reliability::distributed::transaction::choreography::{choreography, participant};
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};

#[saga(input = u64, refuse = String, choreographed)]
pub enum PlaceOrder {
    #[pivot]
    Charged(String),
}

struct Card<'a>(&'a str);

#[participant(PlaceOrder)]
impl Card<'_> {
    #[on(start => Charged)]
    async fn charge(&self, _: &Cx, _: &u64) -> Result<String, Outcome<String>> {
        Ok(self.0.into())
    }
}

choreography!(Orders: PlaceOrder { Card<'static>, terminal Charged });

fn main() {}
