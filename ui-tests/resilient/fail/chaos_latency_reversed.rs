//~ the shorter latency comes first
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(chaos(latency("200ms".."50ms", rate = 0.05)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
