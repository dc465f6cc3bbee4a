//~ this method is only declared
use reliability::error::Rejected;
use reliability::resilience::resilient;

trait Quotes {
    #[resilient(timeout = "1s")]
    async fn quote(&self) -> Result<u32, Rejected>;
}

fn main() {}
