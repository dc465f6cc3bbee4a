//~ all calls would be refused, and nothing would show that it could be otherwise
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::resilient;

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(degrade(when = SEARCH, shed = 1.0))]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn main() {
    SEARCH.raise();
}
