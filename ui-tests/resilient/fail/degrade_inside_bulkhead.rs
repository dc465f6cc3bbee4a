//~ a call that `degrade` keeps out would have taken a permit or a place
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::resilient;

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(bulkhead(concurrent = 4), degrade(when = SEARCH, shed = 0.2))]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn main() {
    SEARCH.raise();
}
