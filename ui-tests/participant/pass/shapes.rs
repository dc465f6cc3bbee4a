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

struct Warehouse<S> {
    store: S,
}

/// Of a type with parameters, with all settings.
#[participant(PlaceOrder, name = "stock-1", crate = ::reliability)]
impl<S: Clone + Send + Sync + 'static> Warehouse<S> {
    #[on(
        start => Reserved,
        undo = release,
        probe = find,
        retry = 5,
        undo_retry = 7,
        backoff = exponential("50ms", max = "1s"),
        timeout = "2s",
    )]
    async fn reserve(&self, cx: &Cx, _order: &u64) -> Result<u32, Outcome<String>> {
        let _ = (self.store.clone(), cx.effect());
        Err(Outcome::Rejected("sold out".into()))
    }

    async fn release(&self, _: &Cx, _: &u64, done: Attempt<'_, u32>) -> Result<(), Transient> {
        let _: Option<&u32> = done.done();
        Ok(())
    }

    async fn find(&self, cx: &Cx, _: &u64) -> Result<Option<u32>, Transient> {
        let _ = (self.shelf(), cx.effect());
        Ok(None)
    }

    /// Not a handler.
    fn shelf(&self) -> &S {
        &self.store
    }

    #[on(Reserved, Charged, probe = is_packed)]
    async fn pack(&self, _: &Cx, _: &u64, _: &u32, receipt: &String) -> Result<(), Transient> {
        let _ = (self.shelf(), receipt);
        Ok(())
    }

    async fn is_packed(
        &self,
        _: &Cx,
        _: &u64,
        _: &u32,
        receipt: &String,
    ) -> Result<Option<()>, Transient> {
        Ok((!receipt.is_empty()).then_some(()))
    }
}

struct Robot;

/// The attribute in a macro, and a module with names of its own.
macro_rules! robot {
    ($event:ident) => {
        #[participant(PlaceOrder)]
        impl Robot {
            #[on(start => $event, undo = none("it only looks"))]
            async fn look(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
                Ok(1)
            }
        }
    };
}

robot!(Reserved);

mod shadows {
    use super::{Cx, PlaceOrder, place_order};
    use reliability::distributed::transaction::choreography::participant;

    #[allow(dead_code)]
    struct Result;
    #[allow(dead_code)]
    struct Option;
    #[allow(dead_code)]
    struct Box;

    pub(super) struct Card;

    #[participant(PlaceOrder)]
    impl Card {
        #[on(Reserved => Charged)]
        async fn charge(
            &self,
            _: &Cx,
            _: &u64,
            _: &u32,
        ) -> core::result::Result<String, super::Outcome<String>> {
            Ok("paid".into())
        }
    }
}

fn main() {
    use reliability::distributed::transaction::choreography::Participant;

    assert_eq!(<Warehouse<u8> as Participant<PlaceOrder>>::NAME, "stock-1");
    assert_eq!(<Robot as Participant<PlaceOrder>>::NAME, "robot");
    assert_eq!(<shadows::Card as Participant<PlaceOrder>>::LINKS.len(), 1);
}
