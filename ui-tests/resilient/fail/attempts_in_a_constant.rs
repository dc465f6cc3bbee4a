//~ expected a whole number from 2 to 1000, written out
use reliability::error::Rejected;
use reliability::resilience::resilient;

const ATTEMPTS: u32 = 3;

#[resilient(retry(attempts = ATTEMPTS), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(ATTEMPTS)
}

fn main() {}
