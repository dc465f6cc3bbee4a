//~ `deadline` inside `hedge` would be one for each request
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge, deadline = "3s", idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
