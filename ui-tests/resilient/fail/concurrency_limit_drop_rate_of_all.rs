//~ expected a number from 0 to below 1
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(drop_rate = 1.0))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
