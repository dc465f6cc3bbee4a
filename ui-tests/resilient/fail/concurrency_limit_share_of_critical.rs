//~ `shares` has no setting `critical`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(shares(critical = 0.9)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
