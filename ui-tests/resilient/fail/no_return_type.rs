//~ write `async fn ping() -> Result<(), Error>`
use reliability::resilience::resilient;

#[resilient(timeout = "1s")]
async fn ping() {}

fn main() {}
