//~ `timeout` is given twice
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s", timeout = "2s")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
