//~ expected a number from 1 to 100
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(gradient2(tolerance = "150%")))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
