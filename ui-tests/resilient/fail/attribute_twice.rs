//~ `#[resilient]` is here twice
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s")]
#[resilient(breaker)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
