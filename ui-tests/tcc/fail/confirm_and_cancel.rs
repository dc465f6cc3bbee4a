//~ ends this transaction: begin another one for what comes next, under a name of its own
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
    order.confirm((stock,)).await?;
    order.cancel(Vec::new()).await?;
    Ok(())
}

fn main() {
    let _ = order;
}
