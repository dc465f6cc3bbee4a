//~ `target` of 200ms must be less than `interval` of 100ms
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(bulkhead(concurrent = 64, queue = 100, shed(target = "200ms")))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
