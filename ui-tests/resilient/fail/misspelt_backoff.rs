//~ did you mean `exponential`?
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry(attempts = 3, backoff = exponental("50ms")), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
