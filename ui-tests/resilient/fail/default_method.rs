//~ in a default method of a trait, `#[resilient]` would keep one policy for all implementors together
use reliability::error::Rejected;
use reliability::resilience::resilient;

trait Quotes {
    #[resilient(timeout = "1s")]
    async fn quote(&self) -> Result<u32, Rejected> {
        Ok(7)
    }
}

fn main() {}
