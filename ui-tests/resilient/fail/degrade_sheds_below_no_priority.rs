//~ no call says its priority, so all are critical and none would be shed
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::resilient;

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(degrade(when = SEARCH, shed(below = high)))]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn main() {
    SEARCH.raise();
}
