//! Private types, raw identifiers, shadowed names, enums in functions and from macros.
#![deny(warnings)]
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Saga, Transient};

mod private {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Order;
    #[derive(Serialize, Deserialize)]
    struct Stock;

    #[derive(Saga)]
    #[saga(input = Order, refuse = ())]
    enum Pay {
        #[step(reserve, undo = release)]
        r#Type(Stock),
        #[pivot(self::charge, needs(Type))]
        Match(Stock),
    }

    async fn reserve(_: &Cx, _: &Order) -> Result<Stock, Outcome<()>> {
        Ok(Stock)
    }

    async fn release(_: &Cx, _: &Order, _: Attempt<'_, Stock>) -> Result<(), Transient> {
        Ok(())
    }

    async fn charge(_: &Cx, _: &Order, _: &Stock) -> Result<Stock, Outcome<()>> {
        Ok(Stock)
    }

    pub fn names() -> Vec<&'static str> {
        let done = PayDone { r#type: Stock, r#match: Stock };
        let (PayDone { r#type, r#match }, _) = (done, Pay::begin(Order));
        let _ = (r#type, r#match, Pay::Match(Stock));
        Pay::DEFINITION.steps().iter().map(|step| step.name()).collect()
    }
}

mod shadowed {
    use reliability::distributed::transaction::saga as sagas;

    #[allow(dead_code)]
    pub struct Result;
    #[allow(dead_code)]
    pub struct Option;
    #[allow(dead_code)]
    pub struct Saga;

    #[sagas::saga(input = u8, refuse = u8)]
    pub(super) enum Only {
        #[pivot(go)]
        Gone(u8),
    }

    async fn go(_: &sagas::Cx, input: &u8) -> core::result::Result<u8, sagas::Outcome<u8>> {
        Ok(*input)
    }
}

macro_rules! saga_of {
    ($name:ident, $ty:ty, $function:path, $time:literal) => {
        #[reliability::distributed::transaction::saga::saga(input = $ty, refuse = $ty)]
        enum $name {
            #[wait($time)]
            Waited(()),
            #[pivot($function, timeout = $time)]
            Done($ty),
        }
    };
}

async fn copy(_: &Cx, input: &u8) -> Result<u8, Outcome<u8>> {
    Ok(*input)
}

saga_of!(FromMacro, u8, copy, "1s");

fn main() {
    assert_eq!(private::names(), ["Type", "Match"]);
    assert_eq!(shadowed::Only::DEFINITION.steps().len(), 1);
    assert_eq!(FromMacro::DEFINITION.name(), "from_macro");
    let _ = (FromMacro::begin(1), shadowed::Only::begin(1));

    async fn inside(_: &Cx, input: &u8) -> Result<u8, Outcome<u8>> {
        Ok(*input)
    }

    #[reliability::distributed::transaction::saga::saga(input = u8, refuse = u8)]
    enum Inside {
        #[pivot(inside)]
        Done(u8),
    }
    assert_eq!(Inside::DEFINITION.name(), "inside");
    let _ = Inside::begin(1);
}
