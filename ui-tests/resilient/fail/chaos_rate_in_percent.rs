//~ expected a share above 0 and at most 1; write `0.05` for 5 %
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(chaos(error(rate = 5)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
