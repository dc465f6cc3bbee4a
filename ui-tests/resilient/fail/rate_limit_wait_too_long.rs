//~ this duration must be from
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", wait = "2h"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
