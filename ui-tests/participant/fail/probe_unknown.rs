//~ this block has no method `fnd`; did you mean `find`?
use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};

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
    #[on(start => Reserved, undo = release, probe = fnd)]
    async fn reserve(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
        Ok(1)
    }

    async fn find(&self, _: &Cx, _: &u64) -> Result<Option<u32>, Transient> {
        Ok(None)
    }

    async fn release(&self, _: &Cx, _: &u64, _: Attempt<'_, u32>) -> Result<(), Transient> {
        Ok(())
    }
}

fn main() {}
