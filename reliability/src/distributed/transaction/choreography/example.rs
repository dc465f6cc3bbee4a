// What the examples of the documentation share.
mod shop {
    use reliability::distributed::transaction::choreography::{choreography, participant};
    use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};

    #[saga(input = u32, refuse = String, choreographed)]
    #[derive(Debug)]
    pub enum PlaceOrder {
        #[step]
        Reserved(u32),
        #[pivot]
        Charged(String),
    }

    pub struct Warehouse;

    #[participant(PlaceOrder)]
    impl Warehouse {
        #[on(start => Reserved, undo = release)]
        async fn reserve(&self, _: &Cx, pieces: &u32) -> Result<u32, Outcome<String>> {
            Ok(*pieces)
        }

        async fn release(&self, _: &Cx, _: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
            Ok(())
        }
    }

    pub struct Card;

    #[participant(PlaceOrder)]
    impl Card {
        #[on(Reserved => Charged, retry = 1)]
        async fn charge(&self, _: &Cx, _: &u32, pieces: &u32) -> Result<String, Outcome<String>> {
            match pieces {
                13 => Err(Outcome::transient("the bank does not like this number")),
                14.. => Err(Outcome::Rejected("no money".into())),
                _ => Ok("paid".into()),
            }
        }
    }

    choreography!(pub Orders: PlaceOrder { Warehouse, Card, terminal Charged });
}
