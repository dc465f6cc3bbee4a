//~ `deadline` inside `retry` would start anew with each attempt; write `timeout`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry, deadline = "1s", idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
