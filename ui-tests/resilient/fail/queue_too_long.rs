//~ expected a whole number from 0 to 65535
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(bulkhead(concurrent = 64, queue = 100_000))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
