//~ `shared = ..` wants a `RedisRateLimit`, but this is a `LazyLock<reliability::resilience::RateLimit>`
use std::sync::LazyLock;

use reliability::error::Rejected;
use reliability::resilience::{RateLimit, resilient};

static LIMIT: LazyLock<RateLimit> = LazyLock::new(|| RateLimit::standard("api"));

#[resilient(rate_limit(shared = LIMIT))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
