//~ `shared` takes what leads to a `RedisRateLimit`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit(shared))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
