//~ did you mean `timeout`?
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeot = "1s")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
