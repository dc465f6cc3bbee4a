//~ did you mean `burst`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", brust = 20))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
