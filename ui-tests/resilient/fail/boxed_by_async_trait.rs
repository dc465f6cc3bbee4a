//~ `#[async_trait]` has already made this a plain function
use reliability::error::Rejected;
use reliability::resilience::resilient;

use std::pin::Pin;

struct Store;

impl Store {
    #[resilient(timeout = "1s")]
    fn price<'a>(
        &'a self,
        sku: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<u32, Rejected>> + Send + 'a>> {
        Box::pin(async move { Ok(sku.len() as u32) })
    }
}

fn main() {}
