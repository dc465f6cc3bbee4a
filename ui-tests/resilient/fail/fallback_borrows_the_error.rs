//~ expected `&Rejected`, found `Rejected`
use reliability::error::Rejected;
use reliability::resilience::resilient;

fn cached(_error: &Rejected) -> Result<u32, Rejected> {
    Ok(7)
}

#[resilient(fallback = cached, timeout = "1s")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
