//~ a participant listens to something
use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::{saga};

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
    
    fn charge(&self) {}
}

fn main() {}
