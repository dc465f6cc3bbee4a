//~ a handler is `async fn charge(&self, cx: &Cx, input: &..)
use std::sync::Arc;

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
    async fn charge(self: Arc<Self>, _: &Cx, _: &u64) -> Result<String, Outcome<String>> {
        Ok("paid".into())
    }
}

fn main() {}
