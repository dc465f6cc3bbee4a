//~ a rate is a string
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit(100))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
