//~ `shared` takes what leads to a `RedisRateLimit`, without quotes
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit(shared = "redis://127.0.0.1/"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
