//~ cannot both have `&mut counts`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge, idempotent)]
async fn price(counts: &mut [u32]) -> Result<u32, Rejected> {
    counts[0] += 1;
    Ok(7)
}

fn main() {}
