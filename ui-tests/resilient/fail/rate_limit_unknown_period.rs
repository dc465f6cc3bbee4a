//~ write `m`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/minute"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
