//~ in a trait, write it on each default method
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s")]
trait Quotes {
    async fn quote(&self) -> Result<u32, Rejected>;
}

fn main() {}
