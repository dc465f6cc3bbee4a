//~ did you mean `retry`?
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retries(attempts = 3), idempotent)]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(u32::from(sku == "tea"))
}

fn main() {}
