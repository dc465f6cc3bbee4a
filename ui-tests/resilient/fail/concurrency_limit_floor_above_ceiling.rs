//~ `min` of 200 is above `max` of 10
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(min = 200, max = 10))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
