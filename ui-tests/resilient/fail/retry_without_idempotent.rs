//~ `retry` runs the body again, so say that this does no harm
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry(attempts = 3))]
async fn charge() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
