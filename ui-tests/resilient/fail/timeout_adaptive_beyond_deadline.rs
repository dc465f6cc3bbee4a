//~ never ends an attempt
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(deadline = "1s", timeout = adaptive(p99 * 2, max = "2s"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
