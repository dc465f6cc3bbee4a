//~ are taken from a token bucket
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", algorithm = sliding_log, leases = 8))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
