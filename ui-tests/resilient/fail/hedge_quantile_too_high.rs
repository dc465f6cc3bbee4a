//~ expected a quantile from `p50` to `p99.9`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge(after = p99.99), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
