//~ field `round` of struct
use reliability::distributed::transaction::three_phase::ThreePhase;
use std::time::Duration;

fn main() {
    let _ = ThreePhase { round: Duration::from_millis(200) };
}
