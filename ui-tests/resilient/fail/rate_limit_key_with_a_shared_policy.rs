//~ here it is only said whose a call is: write `rate_limit(key = expression)`
use std::sync::LazyLock;

use reliability::error::Rejected;
use reliability::resilience::rate_limit::KeyedRateLimit;
use reliability::resilience::{Policy, resilient};

static SHARED: LazyLock<Policy> = LazyLock::new(|| {
    let limit = KeyedRateLimit::builder("shared").build().unwrap();
    Policy::builder("shared").keyed_rate_limit(limit).build().unwrap()
});

#[resilient(policy = SHARED, rate_limit("100/s", key = sku))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
