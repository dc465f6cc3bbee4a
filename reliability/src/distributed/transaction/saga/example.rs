// What the examples of the documentation share.
mod shop {
    use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Order {
        pub article: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub enum Refused {
        SoldOut,
    }

    #[saga(input = Order, refuse = Refused, version = 1)]
    #[derive(Debug)]
    pub enum PlaceOrder {
        #[step(reserve, undo = release)]
        Reserved(u32),
        #[pivot(charge, needs(Reserved))]
        Charged(String),
    }

    async fn reserve(_: &Cx, order: &Order) -> Result<u32, Outcome<Refused>> {
        if order.article == "unicorn" { Err(Refused::SoldOut.into()) } else { Ok(7) }
    }

    async fn release(_: &Cx, _: &Order, _: Attempt<'_, u32>) -> Result<(), Transient> {
        Ok(())
    }

    async fn charge(cx: &Cx, _: &Order, _: &u32) -> Result<String, Outcome<Refused>> {
        Ok(cx.effect().to_string())
    }
}
