//~ has no burst of its own
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", algorithm = fixed_window, burst = 20))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
