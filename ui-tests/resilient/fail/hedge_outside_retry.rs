//~ `hedge` outside `retry` would retry each hedge by itself
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge, retry, idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
