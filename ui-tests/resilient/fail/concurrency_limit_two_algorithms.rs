//~ `vegas` and `aimd` exclude each other
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(vegas, aimd))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
