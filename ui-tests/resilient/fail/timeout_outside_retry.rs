//~ `timeout` outside `retry` bounds all attempts together; write `deadline`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s", retry, idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
