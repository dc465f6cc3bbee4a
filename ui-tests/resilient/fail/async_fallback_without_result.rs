//~ a fallback must return what the function returns, but this one returns `u32`
use reliability::error::Rejected;
use reliability::resilience::resilient;

async fn cached(_error: Rejected) -> u32 {
    7
}

#[resilient(fallback = cached, timeout = "1s")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
