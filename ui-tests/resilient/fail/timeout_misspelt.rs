//~ did you mean `adaptive`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = adaptative(p99 * 2))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
