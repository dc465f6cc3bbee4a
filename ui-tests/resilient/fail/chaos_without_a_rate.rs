//~ how often? Write `latency("200ms", rate = 0.05)`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(chaos(latency("200ms")))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
