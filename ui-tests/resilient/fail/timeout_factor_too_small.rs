//~ write at least `1.25`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = adaptive(p99 * 1.1))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
