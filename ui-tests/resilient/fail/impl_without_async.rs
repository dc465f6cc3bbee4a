//~ there is no `async fn` in this `impl` block
use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Store;

#[resilient(timeout = "1s")]
impl Store {
    fn price(&self) -> Result<u32, Rejected> {
        Ok(7)
    }
}

fn main() {}
