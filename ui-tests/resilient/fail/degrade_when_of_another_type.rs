//~ is no switch that `degrade(when = ..)` could follow
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::resilient;

static SEARCH: Degradation = Degradation::declared("search");

#[resilient(degrade(when = 7, shed = 0.2))]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn main() {
    SEARCH.raise();
}
