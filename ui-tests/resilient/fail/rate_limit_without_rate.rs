//~ begins with the rate
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit(burst = 20))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
