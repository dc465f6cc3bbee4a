//~ expected a whole number from 0 to 18446744073709551615
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(chaos(error(rate = 0.01), seed = "seven"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
