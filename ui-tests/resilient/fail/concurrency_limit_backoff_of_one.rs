//~ expected a number from 0.5 to below 1
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(aimd(backoff = 1.0)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
