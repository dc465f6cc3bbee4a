//~ `answer` takes the function itself, without arguments
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::resilient;

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(degrade(when = SEARCH, answer = none(words)))]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn none(_words: &str, _error: Rejected) -> Result<usize, Rejected> {
    Ok(0)
}

fn main() {
    SEARCH.raise();
}
