//~ more than 30 years
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("1/31d", burst = 1000))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
