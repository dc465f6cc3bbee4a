//~ `shed` is for calls that wait too long in the queue
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(bulkhead(concurrent = 64, queue = 0, shed))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
