//~ `fallback` inside `degrade` would not answer the calls that are kept out
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::resilient;

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(degrade(when = SEARCH, shed = 0.2), fallback = none)]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn none(_words: &str, _error: Rejected) -> Result<usize, Rejected> {
    Ok(0)
}

fn main() {
    SEARCH.raise();
}
