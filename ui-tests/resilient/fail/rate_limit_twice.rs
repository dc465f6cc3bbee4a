//~ is given twice
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s"), rate_limit("10/m"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
