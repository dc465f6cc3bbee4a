//! Less for a while, on a free function, a method and an `impl` block, from a static, a lazy one and an
//! expression.

use std::sync::LazyLock;

use reliability::error::recovery::{Degradation, DegradationBuilder};
use reliability::error::{Reason, Rejected};
use reliability::resilience::{Priority, resilient};

static SEARCH: Degradation = DegradationBuilder::declared("search").levels(2).declare();
static LAZY: LazyLock<Degradation> = LazyLock::new(|| Degradation::standard("lazy"));

fn switch() -> &'static Degradation {
    &LAZY
}

#[resilient(
    fallback = failed,
    deadline = "3s",
    degrade(
        when = SEARCH,
        retry = off,
        hedge = off,
        concurrency = 0.5,
        shed(below = high, share = 1.0),
        severe(shed(below = critical)),
        priority = priority,
        answer = cheap,
    ),
    retry,
    concurrency_limit,
    bulkhead(concurrent = 4),
    hedge,
    timeout = "800ms",
    idempotent,
)]
async fn search(words: String, priority: Priority) -> Result<usize, Rejected> {
    drop(priority);
    Ok(words.len())
}

fn failed(_words: String, _priority: Priority, error: Rejected) -> Result<usize, Rejected> {
    Err(error)
}

async fn cheap(words: String, _: Priority, error: Rejected) -> Result<usize, Rejected> {
    assert_eq!(error.reason(), Reason::Degraded);
    Ok(1_000 + words.len())
}

struct Shop<'a>(&'a str);

#[resilient(degrade(when = LAZY, answer = Self::nothing))]
impl<'a> Shop<'a> {
    async fn stock(&self) -> Result<&'a str, Rejected> {
        Ok(self.0)
    }

    #[resilient(skip)]
    fn nothing(&self, _error: Rejected) -> Result<&'a str, Rejected> {
        Ok("nothing")
    }

    #[resilient(degrade(when = switch(), shed = 0.999_999), key = region)]
    async fn ask(&self, region: &str) -> Result<usize, Rejected> {
        Ok(region.len())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let ask = |priority| search("tea".into(), priority);
    assert_eq!((ask(Priority::High).await, ask(Priority::Low).await), (Ok(3), Ok(3)));
    SEARCH.raise();
    assert_eq!((ask(Priority::High).await, ask(Priority::Low).await), (Ok(3), Ok(1_003)));
    SEARCH.raise();
    assert_eq!((ask(Priority::High).await, ask(Priority::Critical).await), (Ok(1_003), Ok(3)));

    let shop = Shop("tea");
    assert_eq!((shop.stock().await, shop.ask("rome").await), (Ok("tea"), Ok(4)));
    LAZY.raise();
    assert_eq!(shop.stock().await, Ok("nothing"));
    assert_eq!(shop.ask("rome").await.unwrap_err().reason(), Reason::Degraded);
}
