//~ `policy = ..` brings its own cache along
use std::sync::LazyLock;
use std::time::Duration;

use reliability::error::Rejected;
use reliability::resilience::{Policy, resilient};

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    Policy::builder("price").timeout(Duration::from_secs(1)).build().unwrap()
});

#[resilient(policy = POLICY, cache(ttl = "30s", key = sku))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
