//~ `PriceError` cannot carry the refusal of a policy
use reliability::error::Fault;
use reliability::resilience::resilient;

#[derive(Debug, Fault)]
#[fault(permanent)]
struct PriceError;

#[resilient(fallback = cached, timeout = "1s")]
async fn price(sku: &str) -> Result<u32, PriceError> {
    sku.parse().map_err(|_| PriceError)
}

fn cached(_: &str, error: PriceError) -> Result<u32, PriceError> {
    Err(error)
}

fn main() {}
