//~ expected a comma before the next setting
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(deadline = "3s" timeout = "800ms")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
