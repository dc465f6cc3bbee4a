//~ this participant would be called `start`
use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};

#[saga(input = u64, refuse = String, choreographed)]
pub enum PlaceOrder {
    #[pivot]
    Charged(String),
}

struct Start;

#[participant(PlaceOrder)]
impl Start {
    #[on(start => Charged)]
    async fn charge(&self, _: &Cx, _: &u64) -> Result<String, Outcome<String>> {
        Ok("paid".into())
    }
}

fn main() {}
