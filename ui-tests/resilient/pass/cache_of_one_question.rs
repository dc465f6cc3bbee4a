use std::sync::atomic::{AtomicU32, Ordering};

use reliability::error::Rejected;
use reliability::resilience::resilient;

static ASKED: AtomicU32 = AtomicU32::new(0);

#[resilient(cache(ttl = "30s", key = ()))]
async fn catalogue() -> Result<u32, Rejected> {
    Ok(ASKED.fetch_add(1, Ordering::Relaxed))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(catalogue().await, Ok(0));
    assert_eq!(catalogue().await, Ok(0));
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
}
