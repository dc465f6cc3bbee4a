//~ `timeout` outside `breaker` hides from the breaker that an attempt takes too long
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s", breaker)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
