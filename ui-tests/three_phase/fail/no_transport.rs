//~ carries no messages of three-phase commit
use reliability::distributed::transaction::three_phase::{Setup, ThreePhase};
use reliability::journal::Journal;

struct Bus;

fn setup(protocol: ThreePhase) -> Setup {
    protocol.on(&Journal::in_memory(), Bus)
}

fn main() {
    let _ = setup;
}
