//~ `concurrency_limit` outside `retry` takes several attempts
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit, retry(attempts = 3), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
