//~ a `rate_limit` is that of this process or a shared one, and this says both
use std::sync::LazyLock;

use reliability::error::Rejected;
use reliability::resilience::rate_limit::redis::RedisRateLimit;
use reliability::resilience::resilient;

static LIMIT: LazyLock<RedisRateLimit> =
    LazyLock::new(|| RedisRateLimit::builder("api", "redis://127.0.0.1:1/").build().unwrap());

#[resilient(rate_limit("100/s", shared = LIMIT))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {
    println!("{:?}", *LIMIT);
}
