//~ a duration is a string with its unit
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = 800)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
