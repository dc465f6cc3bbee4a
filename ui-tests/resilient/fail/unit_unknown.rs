//~ unknown unit of time `seconds`; write `"3s"`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(deadline = "3 seconds")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
