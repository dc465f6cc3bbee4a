//~ did you mean `breaker`?
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(circuit_breaker(failure_rate = 0.5))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
