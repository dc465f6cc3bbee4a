//~ `wait` is for calls in the queue
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(bulkhead(concurrent = 10, queue = 0, wait = "1s"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
