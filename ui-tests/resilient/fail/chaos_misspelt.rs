//~ did you mean `latency`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(chaos(latancy("200ms", rate = 0.05)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
