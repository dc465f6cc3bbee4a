//~ write `async fn price() -> Result<u32, Error>`
use reliability::resilience::resilient;

#[resilient(timeout = "1s")]
async fn price() -> u32 {
    7
}

fn main() {}
