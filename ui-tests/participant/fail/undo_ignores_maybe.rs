//~ an undo must cope with a step that may have happened
use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::{Cx, Outcome, Transient, saga};

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
    #[on(start => Reserved, undo = release)]
    async fn reserve(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
        Ok(1)
    }

    async fn release(&self, _: &Cx, _: &u64, _: &u32) -> Result<(), Transient> {
        Ok(())
    }
}

fn main() {}
