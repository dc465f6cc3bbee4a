//~ did you mean `attempts`?
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry(atempts = 3), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
