//~ at most half of the burst
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", burst = 10, leases = 8))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
