//~ did you mean `permanent`?
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(fallback(cached, except(permanant)), timeout = "1s")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn cached(error: Rejected) -> Result<u32, Rejected> {
    Err(error)
}

fn main() {}
