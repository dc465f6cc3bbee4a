//~ write `degrade` in front of `retry`
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::resilient;

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(retry, degrade(when = SEARCH, retry = off), idempotent)]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn main() {
    SEARCH.raise();
}
