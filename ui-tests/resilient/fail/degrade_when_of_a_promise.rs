//~ is no switch that `degrade(when = ..)` could follow
use reliability::error::Rejected;
use reliability::resilience::resilient;
use reliability::sre::Slo;

static SEARCH: Slo = reliability::slo! { name: "search", availability: 99.9 };

#[resilient(degrade(when = SEARCH, shed = 0.2))]
async fn search(words: &str) -> Result<usize, Rejected> {
    Ok(words.len())
}

fn main() {}
