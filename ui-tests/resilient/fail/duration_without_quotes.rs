//~ a duration is a string with its unit: write `"800ms"`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = 800ms)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
