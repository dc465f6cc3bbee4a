//! Participants of all shapes: with fields, generic, an enum, with free functions, under another name.

use reliability::distributed::transaction::tcc::{Coordinator, Cx, Decision, Tcc, Transient};
use reliability::journal::Journal;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Order {
    sku: String,
    pieces: u32,
}

#[derive(Debug)]
struct SoldOut(u32);

#[derive(Tcc)]
#[tcc(input = Order, refuse = SoldOut, try = Stock::reserve, confirm = Stock::take, cancel = Stock::release, name = "stock")]
struct Stock {
    left: u32,
}

impl Stock {
    async fn reserve(&self, cx: &Cx, order: &Order) -> Result<(), SoldOut> {
        assert!(cx.transaction().starts_with(&order.sku));
        if order.pieces <= self.left { Ok(()) } else { Err(SoldOut(self.left)) }
    }

    async fn take(&self, _: &Cx, _: &Order) -> Result<(), Transient> {
        Ok(())
    }

    async fn release(&self, _: &Cx, _: &Order) -> Result<(), Transient> {
        Err(std::fmt::Error)?
    }
}

#[derive(Tcc)]
#[tcc(input = (), refuse = (), try = hold, confirm = free, cancel = free)]
enum Door<T: Send + Sync + 'static> {
    #[allow(dead_code)]
    Of(T),
}

async fn hold<T: Send + Sync>(_: &Door<T>, _: &Cx, (): &()) -> Result<(), ()> {
    Ok(())
}

async fn free<T: Send + Sync>(_: &Door<T>, _: &Cx, (): &()) -> Result<(), Transient> {
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let coordinator = Coordinator::on(&Journal::in_memory())
        .participant(Stock { left: 5 })
        .participant(Door::Of(7))
        .build()?;
    let mut order = coordinator.begin("tea-1").await?;
    let order_of = |pieces| Order { sku: "tea".into(), pieces };
    let stock = order.reserve::<Stock>(order_of(3)).await.map_err(|_| "refused")?;
    let door = order.reserve::<Door<i32>>(()).await.map_err(|_| "refused")?;
    let settled = order.confirm((stock, door)).await?;
    assert_eq!((settled.decision, settled.pending), (Decision::Confirm, 0));

    let mut order = coordinator.begin("tea-2").await?;
    assert!(order.reserve::<Stock>(order_of(6)).await.is_err());
    let settled = order.cancel(Vec::new()).await?;
    assert_eq!((settled.decision, settled.pending), (Decision::Cancel, 1));
    Ok(())
}
