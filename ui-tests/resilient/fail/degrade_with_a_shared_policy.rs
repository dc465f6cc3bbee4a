//~ exclude each other: a policy that is built elsewhere
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::{Policy, resilient};

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(policy = shared(), degrade(when = SEARCH, shed = 0.2))]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn shared() -> Policy {
    Policy::builder("shared").deadline(std::time::Duration::MAX).build().unwrap()
}

fn main() {
    SEARCH.raise();
}
