//~ write `async fn price(..) -> Result<T, Error>`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s")]
fn price(sku: String) -> impl Future<Output = Result<u32, Rejected>> {
    async move { Ok(sku.len() as u32) }
}

fn main() {}
