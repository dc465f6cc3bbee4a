//~ `#[resilient]` goes on an `async fn`, because a policy waits
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s")]
fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
