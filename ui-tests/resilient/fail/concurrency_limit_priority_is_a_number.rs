//~ mismatched types
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(priority = 1))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
