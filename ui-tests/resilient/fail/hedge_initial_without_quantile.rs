//~ `initial` is the delay until a quantile is known
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge(after = "80ms", initial = "80ms"), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
