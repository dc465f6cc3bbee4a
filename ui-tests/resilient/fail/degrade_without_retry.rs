//~ there is no `retry(..)` here, so there is nothing to do less of
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::resilient;

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(degrade(when = SEARCH, retry = off), timeout = "1s")]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn main() {
    SEARCH.raise();
}
