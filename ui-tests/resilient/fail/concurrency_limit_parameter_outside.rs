//~ `alpha` is a setting of `vegas`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(vegas, alpha = 4))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
