//! What a step calls may be a function of a type, with parameters said, and generic.
#![deny(warnings)]

use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Saga, Transient, saga};

struct Warehouse<S>(S);

impl<S: Default + Into<u32>> Warehouse<S> {
    async fn reserve(_: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
        Ok(Self(S::default()).0.into())
    }

    async fn release(_: &Cx, _: &u64, _: Attempt<'_, u32>) -> Result<(), Transient> {
        Ok(())
    }

    async fn find(_: &Cx, _: &u64) -> Result<Option<u32>, Transient> {
        Ok(None)
    }
}

trait Card {
    fn charge(
        cx: &Cx,
        order: &u64,
        stock: &u32,
    ) -> impl Future<Output = Result<u32, Outcome<String>>> + Send;
}

impl Card for u8 {
    async fn charge(_: &Cx, _: &u64, stock: &u32) -> Result<u32, Outcome<String>> {
        Ok(*stock)
    }
}

async fn charge<C: Card, const N: usize>(
    cx: &Cx,
    order: &u64,
    stock: &u32,
) -> Result<u32, Outcome<String>> {
    C::charge(cx, order, stock).await
}

async fn done<T>(_: &Cx, _: &T, _: &u32) -> Result<(), Transient> {
    Ok(())
}

#[saga(input = u64, refuse = String)]
pub enum Order {
    #[step(Warehouse::<u8>::reserve, undo = Warehouse::<u8>::release, probe = Warehouse::<u8>::find)]
    Reserved(u32),
    #[step(u8::charge, undo = none("it is given back at night"), needs(Reserved))]
    Held(u32),
    #[pivot(charge::<u8, 2>, needs(Held))]
    Charged(u32),
    #[then(done, needs(Charged))]
    Mailed(()),
}

#[derive(Saga)]
#[saga(input = u64, refuse = String)]
enum Derived {
    #[step(Self::reserve, undo = Derived::release)]
    Reserved(u32),
    #[pivot(crate::charge::<u8, 3>, needs(Reserved))]
    Charged(u32),
}

impl Derived {
    async fn reserve(_: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
        Ok(1)
    }

    async fn release(_: &Cx, _: &u64, _: Attempt<'_, u32>) -> Result<(), Transient> {
        Ok(())
    }
}

fn main() {
    assert_eq!((Order::DEFINITION.steps().len(), Derived::DEFINITION.steps().len()), (4, 2));
    let _ = (Order::begin(1), Derived::begin(1), Derived::Reserved(1), Derived::Charged(1));
}
