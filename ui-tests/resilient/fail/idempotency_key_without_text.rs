//~ `Order` doesn't implement `std::fmt::Display`
use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Order(u32);

#[resilient(idempotency_key = order, retry)]
async fn buy(order: &Order) -> Result<u32, Rejected> {
    Ok(order.0)
}

fn main() {}
