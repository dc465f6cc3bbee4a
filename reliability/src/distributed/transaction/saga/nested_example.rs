// What the examples of nested sagas share.
mod trade {
    use reliability::distributed::transaction::saga::{
        Attempt, Cx, Outcome, Transient, Why, saga,
    };
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Order {
        pub article: String,
        pub to: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub enum Refused {
        SoldOut,
        NotShipped,
    }

    #[saga(input = Order, refuse = Refused)]
    #[derive(Debug)]
    pub enum PlaceOrder {
        #[step(reserve, undo = release)]
        Reserved(u32),
        /// All that shipping takes is a saga of its own.
        #[step(saga = Ship, input = parcel, output = label, refused = not_shipped, needs(Reserved), undo = fetch_back)]
        Shipped(String),
        #[pivot(charge, needs(Shipped))]
        Charged(()),
        /// Behind the pivot there may be a saga that cannot refuse.
        #[then(saga = Tell, input = words, output = drop, needs(Shipped))]
        Told(()),
    }

    #[derive(Debug, Clone, Serialize, Deserialize)]
    pub struct Parcel {
        pub shelf: u32,
        pub to: String,
    }

    #[saga(input = Parcel, refuse = String)]
    #[derive(Debug)]
    pub enum Ship {
        #[step(book, undo = unbook)]
        Booked(u32),
        #[pivot(hand_over, needs(Booked))]
        Gone(String),
    }

    #[saga(input = String, refuse = ())]
    #[derive(Debug)]
    pub enum Tell {
        #[then(mail)]
        Mailed(()),
    }

    fn words(_: &Order, label: &String) -> String {
        format!("on its way: {label}")
    }

    async fn mail(_: &Cx, _: &String) -> Result<(), Transient> {
        Ok(())
    }

    fn parcel(order: &Order, shelf: &u32) -> Parcel {
        Parcel { shelf: *shelf, to: order.to.clone() }
    }

    fn label(done: ShipDone) -> String {
        done.gone
    }

    fn not_shipped(_: Why<String>) -> Refused {
        Refused::NotShipped
    }

    async fn reserve(_: &Cx, order: &Order) -> Result<u32, Outcome<Refused>> {
        if order.article == "unicorn" { Err(Refused::SoldOut.into()) } else { Ok(7) }
    }

    async fn release(_: &Cx, _: &Order, _: Attempt<'_, u32>) -> Result<(), Transient> {
        Ok(())
    }

    async fn fetch_back(_: &Cx, _: &Order, _: Attempt<'_, String>) -> Result<(), Transient> {
        Ok(())
    }

    async fn charge(_: &Cx, _: &Order, _: &String) -> Result<(), Outcome<Refused>> {
        Ok(())
    }

    async fn book(_: &Cx, parcel: &Parcel) -> Result<u32, Outcome<String>> {
        if parcel.to == "the moon" { Err(Outcome::Rejected("too far".into())) } else { Ok(3) }
    }

    async fn unbook(_: &Cx, _: &Parcel, _: Attempt<'_, u32>) -> Result<(), Transient> {
        Ok(())
    }

    async fn hand_over(_: &Cx, parcel: &Parcel, tour: &u32) -> Result<String, Outcome<String>> {
        Ok(format!("tour {tour}, shelf {}, to {}", parcel.shelf, parcel.to))
    }
}
