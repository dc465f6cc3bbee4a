//~ a policy outside of `fallback` would take its answer for a success
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(breaker, fallback = cached)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn cached(error: Rejected) -> Result<u32, Rejected> {
    Err(error)
}

fn main() {}
