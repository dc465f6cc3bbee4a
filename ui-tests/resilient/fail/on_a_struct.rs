//~ `#[resilient]` goes on an `async fn`, or on an `impl` block with some
use reliability::resilience::resilient;

#[resilient(timeout = "1s")]
struct Price {
    cents: u32,
}

fn main() {}
