//~ For one that is known later, build a `Policy`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = std::time::Duration::from_millis(800))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
