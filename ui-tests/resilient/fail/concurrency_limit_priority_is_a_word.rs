//~ write `Priority::Low`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(priority = low))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
