//~ a call has one priority
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::{Priority, resilient};

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(
    degrade(when = SEARCH, shed(below = high), priority = priority_of(words)),
    concurrency_limit(priority = priority_of(words)),
)]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn priority_of(words: &str) -> Priority {
    if words.is_empty() { Priority::Low } else { Priority::High }
}

fn main() {
    SEARCH.raise();
}
