//~ an argument of type `Basket` cannot be given to a second attempt
use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Basket(Vec<u32>);

#[resilient(retry, idempotent)]
async fn price(basket: Basket) -> Result<u32, Rejected> {
    Ok(basket.0.len() as u32)
}

fn main() {}
