//~ a hedge belongs to the attempt that it helps
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge, bulkhead(concurrent = 4), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
