//~ expected a whole number from 1 to 16777215
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(max = 0))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
