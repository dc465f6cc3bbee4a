//~ unexpected token: `;`
use reliability::distributed::transaction::choreography::{choreography, participant};
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
    async fn charge(&self, cx: &Cx, _: &u64) -> Result<String, Outcome<String>> {
        let key = cx.;
        Ok("paid".into())
    }
}

choreography!(Orders: PlaceOrder { Card, terminal Charged });

fn main() {}
