//~ write `idempotent`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry(attempts = 3), idempotent = true)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
