//~ `attempts` counts the first call, so 1 makes no retry
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry(attempts = 1), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
