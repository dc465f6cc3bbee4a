//~ a `timeout` of 3s never ends an attempt
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(deadline = "3s", timeout = "3s")]
async fn price() -> Result<u32, Rejected> {
    Ok(1)
}

fn main() {}
