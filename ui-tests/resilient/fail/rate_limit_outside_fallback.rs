//~ write `fallback` first
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s"), fallback = other)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn other(error: Rejected) -> Result<u32, Rejected> {
    Err(error)
}

fn main() {}
