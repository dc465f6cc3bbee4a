//~ `max` is shorter than the first delay
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry(backoff = exponential("2s", max = "1s")), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
