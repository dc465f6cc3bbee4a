//~ expected the name of a setting before this value; write for example `hedge(after = p95)`
use reliability::{error::Rejected, resilience::resilient};

#[resilient(hedge("100ms"), idempotent)]
async fn price(sku: u32) -> Result<u32, Rejected> {
    Ok(sku)
}

fn main() {}
