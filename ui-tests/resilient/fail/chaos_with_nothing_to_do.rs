//~ `chaos` has nothing to do
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(chaos())]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
