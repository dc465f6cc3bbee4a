//~ `#[async_trait]` has already made this a plain function
use std::future::Future;
use std::pin::Pin;

use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Shop;

// What `#[async_trait]` above `#[resilient]` leaves of an `async fn`.
#[resilient(timeout = "1s")]
impl Shop {
    fn price<'a>(&'a self) -> Pin<Box<dyn Future<Output = Result<u32, Rejected>> + Send + 'a>> {
        Box::pin(async { Ok(7) })
    }
}

fn main() {}
