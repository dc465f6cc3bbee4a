//~ a reservation is handed over once: use the `AnyTried` that `any` gives
use reliability::distributed::transaction::tcc::{Coordinator, Cx, Tcc, Transient};

#[derive(Tcc)]
#[tcc(input = u32, refuse = String, try = Stock::reserve, confirm = Stock::take, cancel = Stock::release)]
struct Stock;

impl Stock {
    async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> {
        Ok(())
    }

    async fn take(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
        Ok(())
    }

    async fn release(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
        Ok(())
    }
}

async fn order(coordinator: &Coordinator) -> Result<(), Box<dyn std::error::Error>> {
    let mut order = coordinator.begin("order-17").await?;
    let stock = order.reserve::<Stock>(3).await?;
    let list = vec![stock.any(), stock.any()];
    order.confirm(list).await?;
    Ok(())
}

fn main() {
    let _ = order;
}
