//~ `alpha` is 8, and must be at most `beta`, which is 6
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(vegas(alpha = 8)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
