//~ `chaos` stands in for the dependency, and what is written behind it would never meet its faults
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(chaos(error(rate = 0.01)), timeout = "1s")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
