//~ must be absolute: write `::vendored::reliability`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s", crate = vendored::reliability)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
