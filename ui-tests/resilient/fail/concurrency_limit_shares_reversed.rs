//~ calls of `low` priority would fill more
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(shares(normal = 0.4, low = 0.6)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
