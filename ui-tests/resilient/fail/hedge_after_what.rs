//~ expected a quantile of what attempts took lately
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge(after = slow), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
