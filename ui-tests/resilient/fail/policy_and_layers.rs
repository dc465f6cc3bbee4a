//~ `policy = ..` and `retry` exclude each other
use reliability::error::Rejected;
use reliability::resilience::resilient;

use std::sync::LazyLock;
use std::time::Duration;

use reliability::resilience::Policy;

static SHARED: LazyLock<Policy> = LazyLock::new(|| {
    Policy::builder("shared").timeout(Duration::from_secs(1)).build().unwrap()
});

#[resilient(policy = SHARED, retry, idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
