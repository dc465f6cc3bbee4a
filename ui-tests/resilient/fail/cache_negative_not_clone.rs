//~ `negative(..)` keeps errors, and `PriceError` cannot be kept
use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::resilient;

struct PriceError;

impl Fault for PriceError {
    fn class(&self) -> Class {
        Class::Permanent
    }
}

impl From<Rejected> for PriceError {
    fn from(_: Rejected) -> Self {
        Self
    }
}

#[resilient(cache(ttl = "30s", key = sku, negative(permanent = "10s")))]
async fn price(sku: &str) -> Result<u32, PriceError> {
    Ok(sku.len() as u32)
}

fn main() {}
