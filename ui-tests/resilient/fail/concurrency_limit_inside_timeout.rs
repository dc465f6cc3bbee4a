//~ `timeout` outside `concurrency_limit` hides
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s", concurrency_limit)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
