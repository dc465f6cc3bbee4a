mod shop {
    use reliability::distributed::transaction::choreography::participant;
    use reliability::distributed::transaction::saga::{Cx, Outcome, saga};

    #[saga(input = u64, refuse = String, choreographed, steps = events)]
    pub enum PlaceOrder {
        #[step]
        Reserved(u32),
        #[pivot]
        Charged(String),
        #[then]
        Mailed(()),
    }

    pub struct Warehouse;

    #[participant(PlaceOrder, steps = events, name = "stock")]
    impl Warehouse {
        #[on(start => Reserved, undo = none("read only"))]
        async fn reserve(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
            Ok(1)
        }
    }
}

use reliability::distributed::transaction::choreography::choreography;

// The name of an event may be one of the words, too.
choreography! {
    pub(crate) Orders: shop::PlaceOrder {
        shop::Warehouse,
        elsewhere card { on(Reserved => Charged), on(Mailed) },
        elsewhere mail { on(Charged => Mailed) },
        steps = shop::events,
        crate = ::reliability,
    }
}

fn main() {
    assert_eq!(Orders::wiring().name(), "place_order");
}
