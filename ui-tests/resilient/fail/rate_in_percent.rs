//~ write `0.5` for 50 %
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(breaker(failure_rate = 50))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
