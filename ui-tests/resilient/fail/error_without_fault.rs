//~ `PriceError` does not say which of its errors are worth another try
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[derive(Debug)]
struct PriceError;

impl From<Rejected> for PriceError {
    fn from(_: Rejected) -> Self {
        PriceError
    }
}

#[resilient(retry, idempotent)]
async fn price(sku: &str) -> Result<u32, PriceError> {
    sku.parse().map_err(|_| PriceError)
}

fn main() {}
