//~ `window = consecutive(..)` and `failure_rate` exclude each other
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(breaker(window = consecutive(5), failure_rate = 0.5))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
