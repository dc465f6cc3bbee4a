//~ `Sku` cannot be the key of a rate limit that several processes share
use std::sync::LazyLock;

use reliability::error::Rejected;
use reliability::resilience::rate_limit::redis::RedisRateLimit;
use reliability::resilience::resilient;

static LIMIT: LazyLock<RedisRateLimit> =
    LazyLock::new(|| RedisRateLimit::builder("api", "redis://127.0.0.1:1/").build().unwrap());

struct Sku(u32);

#[resilient(rate_limit(shared = LIMIT, key = sku))]
async fn price(sku: Sku) -> Result<u32, Rejected> {
    Ok(sku.0)
}

fn main() {}
