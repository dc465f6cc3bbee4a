//~ a whole number from 1 to 1000000
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("0/s"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
