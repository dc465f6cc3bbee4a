//~ expected a whole number from 1 to 4
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge(max = 5), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
