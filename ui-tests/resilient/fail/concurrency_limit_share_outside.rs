//~ `low` is a setting of `shares`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(max = 40, low = 0.3))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
