//~ `min` must be shorter than `max`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = adaptive(p99 * 2, min = "3s", max = "2s"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
