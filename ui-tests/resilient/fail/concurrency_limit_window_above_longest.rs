//~ is above `window_max` of 500ms
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(window = "1s", window_max = "500ms"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
