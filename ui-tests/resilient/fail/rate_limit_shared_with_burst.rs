//~ a shared limit brings its burst along
use std::sync::LazyLock;

use reliability::error::Rejected;
use reliability::resilience::rate_limit::redis::RedisRateLimit;
use reliability::resilience::resilient;

static LIMIT: LazyLock<RedisRateLimit> =
    LazyLock::new(|| RedisRateLimit::builder("api", "redis://127.0.0.1:1/").build().unwrap());

#[resilient(rate_limit(shared = LIMIT, burst = 20))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {
    println!("{:?}", *LIMIT);
}
